package org.nymi;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentsTest {
    private static final Pattern FENCE = Pattern.compile("```java\n(.*?)```\n", Pattern.DOTALL);
    /** What pieces of programs on pages name without saying what it is. */
    private static final String PIECE = "import java.time.Duration; import java.util.concurrent.*; import org.nymi.*;"
            + "class Piece { Client client; String user, password; AssertIdentityRequest request; Button cancelButton;"
            + "interface Button { void onClick(Runnable clicked); } void piece() throws Exception {\n%s} }";

    @TempDir
    Path classes;

    @Test
    void theManualPrintsTheTestedProgramAndItIsShort() throws Exception {
        String example = Files.readString(Live.ROOT.resolve("clients/java/examples/TapToSign.java"));
        assertTrue(Files.readString(Live.ROOT.resolve("docs/manual/java.md")).contains("```java\n" + example + "```\n"),
                "copy examples/TapToSign.java into docs/manual/java.md");
        assertTrue(example.lines().count() < 30);
    }

    @Test
    void thePackageHasTheVersionOfThePlatform() throws Exception {
        String workspace = Files.readString(Live.ROOT.resolve("Cargo.toml")).split("\\[workspace.package\\]")[1];
        String version = workspace.lines().filter(line -> line.startsWith("version = ")).findFirst().orElseThrow().split("\"")[1];
        for (String file : List.of("clients/java/pom.xml", "docs/manual/java.md")) {
            assertTrue(Files.readString(Live.ROOT.resolve(file)).contains("<version>" + version + "</version>"), file);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"clients/java/README.md", "docs/manual/java.md"})
    void thePiecesOfProgramsOnPagesCompile(String page) throws Exception {
        Matcher found = FENCE.matcher(Files.readString(Live.ROOT.resolve(page)));
        int pieces = 0;
        while (found.find()) {
            boolean isProgram = found.group(1).contains("public class");
            compiles(isProgram ? "TapToSign" : "Piece", isProgram ? found.group(1) : String.format(PIECE, found.group(1)));
            pieces++;
        }
        assertTrue(pieces > 0);
    }

    private void compiles(String name, String source) {
        JavaFileObject file = new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreErrors) {
                return source;
            }
        };
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        List<String> options = List.of("--release", "11", "-d", classes.toString(), "-cp", System.getProperty("java.class.path"));
        assertTrue(compiler.getTask(said, null, null, options, null, List.of(file)).call(), said + source);
    }
}
