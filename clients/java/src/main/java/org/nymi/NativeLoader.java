package org.nymi;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Finds and loads the C library. */
final class NativeLoader {
    static final String PROPERTY = "nymi.library.path";
    static final String VARIABLE = "NYMI_LIBRARY";

    private static NativeApi loaded;

    private final String property;
    private final String variable;
    private final ClassLoader resources;
    private final int abi;
    private final Path temporary;

    NativeLoader(String property, String variable, ClassLoader resources, int abi, Path temporary) {
        this.property = property;
        this.variable = variable;
        this.resources = resources;
        this.abi = abi;
        this.temporary = temporary;
    }

    /**
     * The library, loaded at the first call.
     *
     * @throws LibraryNotFoundException it was not found, or does not fit this package
     */
    static synchronized NativeApi api() {
        if (loaded == null) {
            Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
            loaded = new NativeLoader(System.getProperty(PROPERTY), System.getenv(VARIABLE), NativeLoader.class.getClassLoader(), Abi.VERSION, temporary).load();
        }
        return loaded;
    }

    /** What the property names, and nothing else; without it the library in the jar, then what the variable names, then the system's. */
    NativeApi load() {
        if (property != null) {
            return open(file(property), PROPERTY);
        }
        List<String> tried = new ArrayList<>();
        tried.add("the system property " + PROPERTY + " is not set");
        String resource = Platform.RESOURCE_PREFIX + "/" + System.mapLibraryName("nymi_api");
        try (InputStream library = resources.getResourceAsStream(resource)) {
            if (library != null) {
                return unpacked(library);
            }
            tried.add("in the jar: there is no " + resource);
        } catch (IOException unreadable) {
            throw new LibraryNotFoundException("the C library of the jar cannot be unpacked into " + temporary + ", which java.io.tmpdir names: " + unreadable, unreadable);
        }
        if (variable != null) {
            return open(file(variable), VARIABLE);
        }
        tried.add("the environment variable " + VARIABLE + " is not set");
        for (String name : systemNames()) {
            try {
                return checked(NativeLibrary.getInstance(name), name);
            } catch (UnsatisfiedLinkError none) {
                tried.add(name + ": " + firstLine(none));
            }
        }
        throw new LibraryNotFoundException("the C library was not found; set " + PROPERTY + " to its file. Tried: " + String.join("; ", tried), null);
    }

    private NativeApi unpacked(InputStream library) throws IOException {
        try (Unpacked copy = Unpacked.of(library, System.mapLibraryName("nymi_api"), temporary)) {
            return open(copy.file().toString(), "the jar");
        }
    }

    /** A path may name the file, or the folder where it is. */
    private static String file(String path) {
        for (String name : systemNames()) {
            Path inside = Path.of(path, name);
            if (Files.exists(inside)) {
                return inside.toString();
            }
        }
        return path;
    }

    private NativeApi open(String path, String from) {
        if (!Files.isRegularFile(Path.of(path))) {
            throw new LibraryNotFoundException("there is no C library at " + path + ", which " + from + " names", null);
        }
        try {
            return checked(NativeLibrary.getInstance(Path.of(path).toAbsolutePath().toString()), path);
        } catch (UnsatisfiedLinkError refused) {
            throw new LibraryNotFoundException("the C library of " + from + " cannot be loaded: " + firstLine(refused), refused);
        }
    }

    private NativeApi checked(NativeLibrary library, String path) {
        for (Method function : NativeApi.class.getDeclaredMethods()) {
            try {
                library.getFunction(function.getName());
            } catch (UnsatisfiedLinkError missing) {
                throw new LibraryNotFoundException(path + " has no function " + function.getName(), missing);
            }
        }
        int found = library.getFunction("nymi_abi_version").invokeInt(new Object[0]);
        if (found != abi) {
            throw new LibraryNotFoundException(path + " has the binary interface " + found + "; this package needs " + abi, null);
        }
        return Native.load(library.getFile() == null ? library.getName() : library.getFile().getPath(), NativeApi.class);
    }

    /** With the number of the interface first: the other name comes only with what is for development. */
    private static List<String> systemNames() {
        String name = System.mapLibraryName("nymi_api");
        return Platform.isLinux() ? List.of(name + ".1", name) : List.of(name);
    }

    private static String firstLine(Throwable failure) {
        String said = failure.getMessage();
        return said == null ? failure.toString() : said.lines().findFirst().orElse("");
    }
}
