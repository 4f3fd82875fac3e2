//! What the network parts share: listener guard, TLS, Phoenix channel client, HTTP client
