package org.nymi;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The library of the jar as a file: in a new folder that only this user can enter, so that nobody puts another library in its place before it is loaded.
 *
 * <p>Where a file may be removed while it is in use, nothing is left from when it is loaded; elsewhere it goes when the JVM ends.
 */
final class Unpacked implements AutoCloseable {
    private final Path folder;
    private final Path file;

    private Unpacked(Path folder, Path file) {
        this.folder = folder;
        this.file = file;
    }

    /**
     * Writes the file.
     *
     * @param temporary the folder in which the new one is made
     */
    static Unpacked of(InputStream library, String name, Path temporary) throws IOException {
        Path folder = Files.createTempDirectory(temporary, "nymi-", ownerOnly(temporary));
        Unpacked made = new Unpacked(folder, folder.resolve(name));
        try {
            Files.copy(library, made.file);
        } catch (IOException | RuntimeException failed) {
            made.close();
            throw failed;
        }
        return made;
    }

    /** Where it is. */
    Path file() {
        return file;
    }

    /** Removes it, now or at the end of the JVM. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        } catch (IOException inUse) {
            // The last to be registered is the first to go.
            folder.toFile().deleteOnExit();
            file.toFile().deleteOnExit();
        }
    }

    /** Windows keeps temporary folders within those of the user, and has no such permissions. */
    private static FileAttribute<?>[] ownerOnly(Path temporary) throws IOException {
        FileStore store = Files.getFileStore(temporary);
        return store.supportsFileAttributeView(PosixFileAttributeView.class)
                ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))}
                : new FileAttribute<?>[0];
    }
}
