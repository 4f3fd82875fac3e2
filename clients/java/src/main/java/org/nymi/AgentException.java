package org.nymi;

/** 4000 to 4999: the agent. The client connects again by itself. */
public final class AgentException extends NymiException {
    private static final long serialVersionUID = 1;

    AgentException(Failure failure) {
        super(failure);
    }
}
