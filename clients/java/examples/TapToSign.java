// Signs a file at the next tap: java -cp nymi.jar:jna.jar TapToSign.java FILE

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import org.nymi.*;

public class TapToSign {
    public static void main(String[] arguments) throws Exception {
        Path file = Path.of(arguments[0]);
        InitRequest login = new InitRequest().username(System.getenv("NYMI_USER")).password(System.getenv("NYMI_PASSWORD"));
        try (Client client = Client.builder("Records").build()) {
            client.init(login.grade(Grade.BRONZE)); // a real site has gold: leave it out
            client.subscribe("127.0.0.1");
            System.out.println("Tap your band to approve " + file + ".");
            TapEvent tap = client.waitTap(Duration.ofMinutes(1));
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
            AssertIdentityAnswer signed = client.assertIdentity(
                    new AssertIdentityRequest(tap.nymiBandId()).intentId(tap.intentId()).documentSha256(digest).meaning("approved"));
            Files.writeString(Path.of(file + ".jws"), signed.assertion());
            System.out.println(signed.domain() + "\\" + signed.username() + " approved it at " + signed.verifiedAt() + ".");
        } catch (NymiException failure) {
            System.err.println(failure.getMessage() + "\n" + failure.remedy().orElse(""));
            System.exit(1);
        }
    }
}
