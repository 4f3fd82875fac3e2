package org.nymi;

import java.nio.file.Path;

/** How a client is made; null for what is left to the library. */
final class Settings {
    final String neaName;
    String agentUrl;
    Path storeDirectory;
    Path logDirectory;
    LogLevel logLevel = LogLevel.NORMAL;
    LogLevel listenerLevel = LogLevel.NONE;
    LogListener logListener;

    Settings(String neaName) {
        this.neaName = neaName;
    }

    Settings(Settings other) {
        neaName = other.neaName;
        agentUrl = other.agentUrl;
        storeDirectory = other.storeDirectory;
        logDirectory = other.logDirectory;
        logLevel = other.logLevel;
        listenerLevel = other.listenerLevel;
        logListener = other.logListener;
    }
}
