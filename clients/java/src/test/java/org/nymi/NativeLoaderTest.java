package org.nymi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLoaderTest {
    private static final String RESOURCE = Platform.RESOURCE_PREFIX + "/" + System.mapLibraryName("nymi_api");
    private static final ClassLoader NOTHING = new ClassLoader(null) {};

    @TempDir
    Path folder;

    @TempDir
    Path temporary;

    private NativeApi load(String property, String variable, ClassLoader resources) {
        return new NativeLoader(property, variable, resources, Abi.VERSION, temporary).load();
    }

    private String refusal(String property, String variable) {
        return assertThrows(LibraryNotFoundException.class, () -> load(property, variable, NOTHING)).getMessage();
    }

    /** The library under test, as a file. */
    private Path copy(String name) throws Exception {
        try (InputStream from = NativeApi.class.getResourceAsStream("/" + RESOURCE)) {
            Path copy = folder.resolve(name);
            Files.copy(from, copy);
            return copy;
        }
    }

    @Test
    void theLibraryIsUnpackedWhereNobodyElseGetsAt() throws Exception {
        Path left;
        try (InputStream from = new ByteArrayInputStream(new byte[] {1, 2}); Unpacked one = Unpacked.of(from, "libone.so", temporary)) {
            left = one.file();
            assertTrue(left.isAbsolute());
            assertEquals(temporary, left.getParent().getParent());
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(left.getParent())));
            assertArrayEquals(new byte[] {1, 2}, Files.readAllBytes(left));
            try (Unpacked other = Unpacked.of(from, "libone.so", temporary)) {
                assertNotEquals(left.getParent(), other.file().getParent(), "a folder of its own, whose name nobody knows before");
            }
        }
        assertFalse(Files.exists(left.getParent()));
        InputStream breaks = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("no more");
            }
        };
        assertThrows(IOException.class, () -> Unpacked.of(breaks, "libone.so", temporary));
        assertArrayEquals(new String[0], temporary.toFile().list(), "nothing is left");
    }

    @Test
    void withoutAFolderForTheLibraryTheErrorNamesIt() {
        Path missing = temporary.resolve("missing");
        NativeLoader loader = new NativeLoader(null, null, getClass().getClassLoader(), Abi.VERSION, missing);
        String said = assertThrows(LibraryNotFoundException.class, loader::load).getMessage();
        assertTrue(said.contains(missing + ", which java.io.tmpdir names"), said);
    }

    @Test
    void theLibraryInTheJarIsFound() throws Exception {
        Path jar = folder.resolve("nymi.jar");
        try (JarOutputStream to = new JarOutputStream(Files.newOutputStream(jar))) {
            to.putNextEntry(new JarEntry(RESOURCE));
            Files.copy(copy("library"), to);
        }
        try (URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            assertTrue(load(null, "/nowhere", loader).nymi_version().matches("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
        }
        assertArrayEquals(new String[0], temporary.toFile().list(), "nothing is left once it is loaded");
    }

    @Test
    void thePropertyNamesAFileOrItsFolderAndNothingElseIsTried() throws Exception {
        Path file = copy("libother.so");
        assertEquals(Abi.VERSION, load(file.toString(), null, NOTHING).nymi_abi_version());
        copy(System.mapLibraryName("nymi_api"));
        assertEquals(Abi.VERSION, load(folder.toString(), null, NOTHING).nymi_abi_version());
        String said = assertThrows(LibraryNotFoundException.class, () -> load("/nowhere/lib.so", null, getClass().getClassLoader())).getMessage();
        assertTrue(said.contains("/nowhere/lib.so, which nymi.library.path names"), said);
    }

    @Test
    void theVariableComesAfterTheJar() throws Exception {
        assertEquals(Abi.VERSION, load(null, copy("libother.so").toString(), NOTHING).nymi_abi_version());
        assertTrue(refusal(null, "/nowhere/lib.so").contains("NYMI_LIBRARY"));
        load(null, "/nowhere/lib.so", getClass().getClassLoader());
    }

    /** In a process of its own: here the system would find the library that is loaded already. */
    @Test
    void withoutALibraryTheErrorNamesEveryPlace() throws Exception {
        Path program = folder.resolve("Program.java");
        Files.writeString(program, "class Program { public static void main(String[] none) { org.nymi.Client.libraryVersion(); } }");
        Path classes = Files.createDirectories(folder.resolve("classes/org/nymi")).getParent().getParent();
        try (Stream<Path> all = Files.list(Path.of(Client.class.getResource("Client.class").toURI()).getParent())) {
            for (Path one : all.collect(Collectors.toList())) {
                Files.copy(one, classes.resolve("org/nymi").resolve(one.getFileName()));
            }
        }
        String jna = Path.of(Native.class.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classes + File.pathSeparator + jna, program.toString());
        java.environment().remove("NYMI_LIBRARY");
        Process running = java.redirectErrorStream(true).start();
        String said = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, running.waitFor(), said);
        for (String place : new String[] {"set nymi.library.path", "in the jar", RESOURCE, "NYMI_LIBRARY", System.mapLibraryName("nymi_api")}) {
            assertTrue(said.contains(place), said);
        }
    }

    @Test
    void whatIsNoLibraryOrAnotherIsRefused() throws Exception {
        Path text = folder.resolve("libtext.so");
        Files.writeString(text, "text");
        assertTrue(refusal(text.toString(), null).contains("cannot be loaded"));
        Path other = Path.of(System.getProperty("java.home"), "lib", System.mapLibraryName("jimage"));
        assertTrue(refusal(other.toString(), null).contains("has no function nymi_"));
    }

    @Test
    void anotherBinaryInterfaceIsRefused() throws Exception {
        String library = copy("libother.so").toString();
        NativeLoader loader = new NativeLoader(library, null, NOTHING, 999, temporary);
        String said = assertThrows(LibraryNotFoundException.class, loader::load).getMessage();
        assertTrue(said.contains("has the binary interface " + Abi.VERSION + "; this package needs 999"), said);
    }

    @Test
    void theVersionIsThatOfTheLibrary() {
        assertEquals(NativeLoader.api().nymi_version(), Client.libraryVersion());
    }
}
