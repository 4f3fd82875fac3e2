package org.nymi;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A library that says what a test wants, and remembers what it was told. */
final class FakeLibrary implements NativeApi {
    /** An update, or the number that nymi_client_get returns. */
    final BlockingQueue<Object> updates = new LinkedBlockingQueue<>();
    final List<Map<String, Object>> requests = new CopyOnWriteArrayList<>();
    final AtomicInteger freedClients = new AtomicInteger();
    final Map<Pointer, Memory> texts = new ConcurrentHashMap<>();
    volatile int putResult = Result.OKAY.number();

    @Override
    public int nymi_abi_version() {
        return Abi.VERSION;
    }

    @Override
    public String nymi_version() {
        return "0.0.0";
    }

    @Override
    public int nymi_client_new(Config config, PointerByReference client, PointerByReference error) {
        client.setValue(Pointer.createConstant(1));
        return Result.OKAY.number();
    }

    @Override
    public int nymi_client_terminate(Pointer client) {
        updates.add(Result.TERMINATED.number());
        return Result.OKAY.number();
    }

    @Override
    public int nymi_client_free(Pointer client) {
        freedClients.incrementAndGet();
        return Result.OKAY.number();
    }

    @Override
    public int nymi_client_put(Pointer client, byte[] json, PointerByReference error) {
        if (putResult == Result.OKAY.number()) {
            requests.add(Conformance.map(Json.read(new String(json, 0, json.length - 1, StandardCharsets.UTF_8))));
        } else if (putResult != Result.BAD_HANDLE.number()) {
            error.setValue(error());
        }
        return putResult;
    }

    /** struct NymiError. */
    private Pointer error() {
        Memory made = new Memory(8 + 2 * Native.POINTER_SIZE);
        made.setInt(0, putResult);
        made.setInt(4, 12);
        made.setPointer(8, text("Größe."));
        made.setPointer(8 + Native.POINTER_SIZE, text("detail"));
        texts.put(made, made);
        return made;
    }

    private Memory text(String said) {
        byte[] bytes = said.getBytes(StandardCharsets.UTF_8);
        Memory made = new Memory(bytes.length + 1);
        made.write(0, bytes, 0, bytes.length);
        made.setByte(bytes.length, (byte) 0);
        texts.put(new Pointer(Pointer.nativeValue(made)), made);
        return made;
    }

    @Override
    public int nymi_client_get(Pointer client, int timeoutMs, PointerByReference update, PointerByReference error) {
        try {
            Object next = updates.take();
            if (next instanceof String) {
                update.setValue(text((String) next));
                return Result.OKAY.number();
            }
            return (Integer) next;
        } catch (InterruptedException interrupted) {
            return Result.FAULT.number();
        }
    }

    @Override
    public void nymi_string_free(Pointer text) {
        if (texts.remove(text) == null) {
            throw new AssertionError("a text that is none, or freed twice");
        }
    }

    @Override
    public void nymi_error_free(Pointer error) {
        nymi_string_free(error);
        texts.clear();
    }
}
