package org.nymi;

/** What a message brought. Equal to another that says the same. */
abstract class Message extends Fields {
    @Override
    public final boolean equals(Object other) {
        return other != null && other.getClass() == getClass() && ((Message) other).toMessage().equals(toMessage());
    }

    @Override
    public final int hashCode() {
        return toMessage().hashCode();
    }
}
