package org.nymi;

/**
 * What happened: a {@link TapEvent}, a {@link PresenceEvent}, an {@link EndpointEvent}, or a {@link FailureEvent}. Kinds are added, so programs pass
 * over those that they do not know.
 */
public interface Event {}
