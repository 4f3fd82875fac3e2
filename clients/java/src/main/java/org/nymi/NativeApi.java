package org.nymi;

import com.sun.jna.Callback;
import com.sun.jna.IntegerType;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import com.sun.jna.ptr.PointerByReference;

/** What this package calls of nymi_api.h. Every function may be called on any thread. Members are named as there. */
interface NativeApi extends Library {
    int nymi_abi_version();

    String nymi_version();

    int nymi_client_new(Config config, PointerByReference client, PointerByReference error);

    int nymi_client_terminate(Pointer client);

    int nymi_client_free(Pointer client);

    int nymi_client_put(Pointer client, byte[] json, PointerByReference error);

    int nymi_client_get(Pointer client, int timeoutMs, PointerByReference update, PointerByReference error);

    void nymi_string_free(Pointer text);

    void nymi_error_free(Pointer error);

    /** struct NymiClientConfig. JNA wants it and its fields public. */
    @Structure.FieldOrder({
        "size", "neaName", "agentUrl", "storeDirectory", "logDirectory", "logLevel", "onLogLevel", "onUpdate", "onLog", "userData"
    })
    final class Config extends Structure {
        public SizeT size;
        public Pointer neaName;
        public Pointer agentUrl;
        public Pointer storeDirectory;
        public Pointer logDirectory;
        public int logLevel;
        public int onLogLevel;
        public Pointer onUpdate;
        public OnLog onLog;
        public Pointer userData;
    }

    /** struct NymiError. */
    @Structure.FieldOrder({"code", "nsl", "message", "detail"})
    final class Error extends Structure {
        public int code;
        public int nsl;
        public Pointer message;
        public Pointer detail;

        Error(Pointer at) {
            super(at);
            read();
        }
    }

    /** The callback for lines of the log. */
    interface OnLog extends Callback {
        void invoke(Pointer userData, int level, Pointer line);
    }

    /** size_t. */
    final class SizeT extends IntegerType {
        private static final long serialVersionUID = 1;

        public SizeT() {
            this(0);
        }

        SizeT(long value) {
            super(Native.SIZE_T_SIZE, value, true);
        }
    }
}
