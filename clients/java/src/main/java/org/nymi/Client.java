package org.nymi;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * A client of the Nymi platform. It connects in the background, and again whenever the agent was away.
 *
 * <pre>{@code
 * try (Client client = Client.builder("Records").build()) {
 *     client.init(new InitRequest().username("CORP\\alice").password(password));
 *     client.subscribe("127.0.0.1");
 *     TapEvent tap = client.waitTap(Duration.ofMinutes(1));
 *     AssertIdentityAnswer signed = client.assertIdentity(
 *             new AssertIdentityRequest(tap.nymiBandId()).intentId(tap.intentId()).meaning("approved"));
 * }
 * }</pre>
 *
 * <p><b>Operations</b> come as methods that wait for the answer, and as others that give a {@link CompletableFuture}. An operation with choices takes a
 * {@link Request}, which also names a timeout and an exchange. Cancelling a future, or giving it another end, cancels the operation at the agent, too.
 *
 * <p><b>Events</b> are for listeners, or else for who calls {@link #waitTap}, {@link #waitEvent} or {@link #waitUpdate}. Until there is a listener they
 * are kept, at most 4096 of them, then the oldest is dropped; with the first listener they are handed over, and waiting is refused.
 *
 * <p><b>Threads</b>: every method may be called on any thread. Each client has a daemon thread that reads, on which nothing of the program runs.
 * Listeners run on a second daemon thread, {@code nymi-events}, one call at a time, in the order in which things happened; a listener may take its time,
 * wait for operations and close the client. Futures are completed by the executor of {@link Builder#executor}. Log listeners run on a thread of the
 * library.
 *
 * <p><b>Errors</b> are {@link NymiException}s; a future has them as its cause. A thread that is interrupted while it waits gets a {@link
 * CancelledException}, and stays interrupted.
 *
 * <p>A client that nobody closed and nobody can reach is ended by the collector, and said so in the log {@code org.nymi}. One that has listeners or
 * operations in flight counts as reached.
 */
public final class Client implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.nymi");
    private static final Cleaner CLEANER = Cleaner.create();
    private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

    private final String neaName;
    private final Duration timeout;
    private final Executor executor;
    private final Connection connection;
    private final Forgotten forgotten;
    private final Cleaner.Cleanable cleanable;

    private Client(NativeApi api, Builder builder) {
        neaName = builder.settings.neaName;
        timeout = builder.timeout;
        executor = builder.executor;
        connection = new Connection(api, new Settings(builder.settings));
        forgotten = new Forgotten(connection, neaName);
        cleanable = CLEANER.register(this, forgotten);
    }

    /**
     * Begins a client.
     *
     * @param neaName the application: a letter, then 5 to 17 letters, digits, '.', '_' or '-'
     * @return what makes it
     */
    public static Builder builder(String neaName) {
        return new Builder(neaName);
    }

    /**
     * The version of the C library, for logs and support.
     *
     * @return the version, such as 0.1.0
     * @throws LibraryNotFoundException there is no C library, or another version of it
     */
    public static String libraryVersion() {
        return NativeLoader.api().nymi_version();
    }

    /**
     * Runs a request and waits for its answer.
     *
     * @param request what is asked
     * @param <T> what it answers
     * @return the answer
     * @throws NymiException it failed; {@code status} says why
     */
    public <T> T run(Request<T> request) {
        Objects.requireNonNull(request, "request");
        try {
            Connection.Sent sent = send(request);
            try {
                return request.result(sent.answer.get());
            } catch (InterruptedException interrupted) {
                connection.giveUp(sent);
                Thread.currentThread().interrupt();
                throw NymiException.of(Failure.of(Status.CANCELLED, "The thread was interrupted.").during(request.operation(), sent.exchange));
            } catch (ExecutionException late) {
                connection.giveUp(sent);
                throw noAnswer(request, sent);
            }
        } finally {
            // The collector must not end this client while somebody waits in it.
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Runs a request.
     *
     * @param request what is asked
     * @param <T> what it answers
     * @return a future of the answer, or of a {@link NymiException}; to cancel it, or to complete it otherwise, cancels the operation at the agent
     */
    public <T> CompletableFuture<T> runAsync(Request<T> request) {
        Objects.requireNonNull(request, "request");
        Connection.Sent sent;
        try {
            sent = send(request);
        } catch (NymiException refused) {
            return CompletableFuture.failedFuture(refused);
        }
        CompletableFuture<T> future = new CompletableFuture<>();
        sent.answer.handleAsync((update, late) -> finish(future, request, sent, update), executor).exceptionally(refused -> {
            // The executor takes nothing any more.
            future.completeExceptionally(refused);
            return null;
        });
        // Also keeps this client while the answer is awaited.
        future.whenComplete((answer, failure) -> connection.giveUp(sent));
        return future;
    }

    private <T> Connection.Sent send(Request<T> request) {
        Map<String, Object> fields = request.toMessage();
        if (request instanceof InitRequest) {
            fields.putIfAbsent("nea_name", neaName);
        }
        if (request instanceof LookupRequest) {
            fields.putIfAbsent("lookup_keys", Fields.list(List.of(LookupColumn.values())));
        }
        return connection.send(request.operation(), request.exchange(), fields, milliseconds(limit(request)));
    }

    private <T> Void finish(CompletableFuture<T> future, Request<T> request, Connection.Sent sent, Update update) {
        if (future.isDone()) {
            return null;
        }
        try {
            if (update == null) {
                throw noAnswer(request, sent);
            }
            future.complete(request.result(update));
        } catch (NymiException failure) {
            future.completeExceptionally(failure);
        }
        return null;
    }

    private Duration limit(Request<?> request) {
        return request.timeout() == null ? timeout : request.timeout();
    }

    private static long milliseconds(Duration duration) {
        // At least 1: a deadline that is 0 would be refused.
        return duration.plusNanos(999_999).toMillis();
    }

    private NymiException noAnswer(Request<?> request, Connection.Sent sent) {
        String said = "No answer within " + milliseconds(limit(request)) + " ms.";
        return NymiException.of(Failure.of(Status.TIMEOUT_NES, said).during(request.operation(), sent.exchange));
    }

    /**
     * Obtains or finds the application's certificate and makes it known to the agent. Comes first. Without user and password, or token, the stored
     * certificate of an earlier run is used. A first one that is given up goes on inside the library until its timeout: before {@code init} there is no
     * {@code cancel}.
     *
     * @param request who asks whom; the client's name is that of the application, unless it says another
     * @return what was found
     * @throws NymiCertificateException its {@code nsl} says which error
     * @throws ServerException the server cannot be reached or refuses
     */
    public InitAnswer init(InitRequest request) {
        return run(request);
    }

    /**
     * As {@link #init(InitRequest)}.
     *
     * @param request who asks whom
     * @return a future of the answer
     */
    public CompletableFuture<InitAnswer> initAsync(InitRequest request) {
        return runAsync(request);
    }

    /**
     * Versions, and what is connected and heard.
     *
     * @return the answer
     */
    public InfoAnswer info() {
        return run(new InfoRequest());
    }

    /**
     * As {@link #info()}.
     *
     * @return a future of the answer
     */
    public CompletableFuture<InfoAnswer> infoAsync() {
        return runAsync(new InfoRequest());
    }

    /**
     * The terminals that are connected, in the order in which they joined.
     *
     * @return the terminals
     */
    public List<EndpointInfo> listEndpoints() {
        return run(new ListEndpointsRequest()).endpoints();
    }

    /**
     * As {@link #listEndpoints()}.
     *
     * @return a future of the terminals
     */
    public CompletableFuture<List<EndpointInfo>> listEndpointsAsync() {
        return then(new ListEndpointsRequest(), ListEndpointsAnswer::endpoints);
    }

    /**
     * Hears what happens at a terminal, also after the agent was away.
     *
     * @param endpoint an id, host name or address; "127.0.0.1" is this machine's
     * @return the terminal's stable id
     * @throws EndpointException nobody knows it
     */
    public String subscribe(String endpoint) {
        return run(new SubscribeEndpointRequest(endpoint)).endpointId();
    }

    /**
     * As {@link #subscribe(String)}.
     *
     * @param endpoint an id, host name or address
     * @return a future of the terminal's stable id
     */
    public CompletableFuture<String> subscribeAsync(String endpoint) {
        return then(new SubscribeEndpointRequest(endpoint), SubscribeEndpointAnswer::endpointId);
    }

    /**
     * Hears a terminal no longer.
     *
     * @param endpoint named as in {@link #subscribe(String)}
     */
    public void unsubscribe(String endpoint) {
        run(new UnsubscribeEndpointRequest(endpoint));
    }

    /**
     * As {@link #unsubscribe(String)}.
     *
     * @param endpoint named as in {@link #subscribe(String)}
     * @return a future of the end
     */
    public CompletableFuture<Void> unsubscribeAsync(String endpoint) {
        return then(new UnsubscribeEndpointRequest(endpoint), answer -> null);
    }

    /**
     * The bands and users that match all that is given.
     *
     * @param request the query, and which columns to answer: all of them if it does not say
     * @return the matches, at least one
     * @throws NotFoundException nothing matches
     */
    public List<LookupRow> lookup(LookupRequest request) {
        return rows(run(request));
    }

    /**
     * As {@link #lookup(LookupRequest)}.
     *
     * @param request the query, and which columns to answer
     * @return a future of the matches
     */
    public CompletableFuture<List<LookupRow>> lookupAsync(LookupRequest request) {
        return then(request, Client::rows);
    }

    private static List<LookupRow> rows(LookupAnswer answer) {
        return answer.matches().orElseGet(() -> List.of(answer));
    }

    /**
     * Who wears a band, verified and signed by the server.
     *
     * @param request the band, and what is signed; with a document or a meaning also the tap, which is at most 60 s old and good for one assertion
     * @return user and assertion
     * @throws BandException the band is away or not authenticated
     * @throws PresenceException its presence could not be proven
     * @throws AccountException the user may not sign
     */
    public AssertIdentityAnswer assertIdentity(AssertIdentityRequest request) {
        return run(request);
    }

    /**
     * As {@link #assertIdentity(AssertIdentityRequest)}.
     *
     * @param request the band, and what is signed
     * @return a future of user and assertion
     */
    public CompletableFuture<AssertIdentityAnswer> assertIdentityAsync(AssertIdentityRequest request) {
        return runAsync(request);
    }

    /**
     * The directory's view of an account.
     *
     * @param username the user's name
     * @param domain the user's domain
     * @return the status
     * @throws PolicyException Check User Status is off
     */
    public UserStatusAnswer userStatus(String username, String domain) {
        return run(new UserStatusRequest(username, domain));
    }

    /**
     * As {@link #userStatus(String, String)}.
     *
     * @param username the user's name
     * @param domain the user's domain
     * @return a future of the status
     */
    public CompletableFuture<UserStatusAnswer> userStatusAsync(String username, String domain) {
        return runAsync(new UserStatusRequest(username, domain));
    }

    /**
     * Lets a band vibrate and show a sign.
     *
     * @param band its NymiBandID
     * @param notification what it shows
     */
    public void notify(String band, Notification notification) {
        run(new NotifyRequest(band, notification));
    }

    /**
     * As {@link #notify(String, Notification)}.
     *
     * @param band its NymiBandID
     * @param notification what it shows
     * @return a future of the end
     */
    public CompletableFuture<Void> notifyAsync(String band, Notification notification) {
        return runAsync(new NotifyRequest(band, notification));
    }

    /**
     * Random bytes from a band.
     *
     * @param band its NymiBandID
     * @param length how many, 1 to 64
     * @return the bytes
     */
    public byte[] random(String band, int length) {
        return run(new RandomRequest(band, length)).random();
    }

    /**
     * As {@link #random(String, int)}.
     *
     * @param band its NymiBandID
     * @param length how many, 1 to 64
     * @return a future of the bytes
     */
    public CompletableFuture<byte[]> randomAsync(String band, int length) {
        return then(new RandomRequest(band, length), RandomAnswer::random);
    }

    /**
     * A signature with the band's key over a SHA-256 digest.
     *
     * @param band its NymiBandID
     * @param digest 32 bytes
     * @return signature and public key
     */
    public SignAnswer sign(String band, byte[] digest) {
        return run(new SignRequest(band, digest));
    }

    /**
     * As {@link #sign(String, byte[])}.
     *
     * @param band its NymiBandID
     * @param digest 32 bytes
     * @return a future of signature and public key
     */
    public CompletableFuture<SignAnswer> signAsync(String band, byte[] digest) {
        return runAsync(new SignRequest(band, digest));
    }

    /**
     * Makes, reads or deletes a key that a band keeps.
     *
     * @param request band and action; only {@link KeyAction#CREATE} needs no key id
     * @return the key
     */
    public SymmetricKeyAnswer symmetricKey(SymmetricKeyRequest request) {
        return run(request);
    }

    /**
     * As {@link #symmetricKey(SymmetricKeyRequest)}.
     *
     * @param request band and action
     * @return a future of the key
     */
    public CompletableFuture<SymmetricKeyAnswer> symmetricKeyAsync(SymmetricKeyRequest request) {
        return runAsync(request);
    }

    /**
     * Makes, reads or deletes the secret for one-time passwords that a band keeps.
     *
     * @param band its NymiBandID
     * @param action what to do
     * @return the password
     */
    public TotpAnswer totp(String band, KeyAction action) {
        return run(new TotpRequest(band, action));
    }

    /**
     * As {@link #totp(String, KeyAction)}.
     *
     * @param band its NymiBandID
     * @param action what to do
     * @return a future of the password
     */
    public CompletableFuture<TotpAnswer> totpAsync(String band, KeyAction action) {
        return runAsync(new TotpRequest(band, action));
    }

    /**
     * The versions of a band.
     *
     * @param band its NymiBandID
     * @return the versions
     */
    public FirmwareAnswer firmware(String band) {
        return run(new FirmwareRequest(band));
    }

    /**
     * As {@link #firmware(String)}.
     *
     * @param band its NymiBandID
     * @return a future of the versions
     */
    public CompletableFuture<FirmwareAnswer> firmwareAsync(String band) {
        return runAsync(new FirmwareRequest(band));
    }

    /**
     * Gives up the operation in flight that was given this name: it ends with a {@link CancelledException}.
     *
     * @param exchange the name
     * @throws RequestException 1003, none of that name is in flight
     */
    public void cancel(String exchange) {
        run(new CancelRequest(exchange));
    }

    /**
     * As {@link #cancel(String)}.
     *
     * @param exchange the name
     * @return a future of the end
     */
    public CompletableFuture<Void> cancelAsync(String exchange) {
        return runAsync(new CancelRequest(exchange));
    }

    /** The future of a part of an answer; cancelling it cancels the operation. */
    private <T, R> CompletableFuture<R> then(Request<T> request, Function<T, R> part) {
        CompletableFuture<T> whole = runAsync(request);
        CompletableFuture<R> made = new CompletableFuture<>();
        whole.whenComplete((answer, failure) -> {
            if (failure == null) {
                made.complete(part.apply(answer));
            } else {
                made.completeExceptionally(failure);
            }
        });
        made.whenComplete((answer, failure) -> whole.cancel(false));
        return made;
    }

    /**
     * Sends a request as JSON, without waiting. What answers it is an update for {@link #onUpdate} or {@link #waitUpdate}.
     *
     * @param request such as {@code {"operation":"info","exchange":"1","payload":{}}}
     * @throws LibraryException it is not JSON, or longer than 1 MiB
     */
    public void put(String request) {
        Objects.requireNonNull(request, "request");
        try {
            connection.put(request);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Hears taps at the terminals that {@link #subscribe} named.
     *
     * @param listener called with each tap on the thread of listeners
     * @return what ends it
     * @throws ClosedException the client was closed
     */
    public Registration onTap(Consumer<? super TapEvent> listener) {
        return onEvent(TapEvent.class, listener);
    }

    /**
     * Hears bands that come, go and change.
     *
     * @param listener called with each change on the thread of listeners
     * @return what ends it
     * @throws ClosedException the client was closed
     */
    public Registration onPresence(Consumer<? super PresenceEvent> listener) {
        return onEvent(PresenceEvent.class, listener);
    }

    /**
     * Hears what changes at terminals.
     *
     * @param listener called with each change on the thread of listeners
     * @return what ends it
     * @throws ClosedException the client was closed
     */
    public Registration onEndpoint(Consumer<? super EndpointEvent> listener) {
        return onEvent(EndpointEvent.class, listener);
    }

    /**
     * Hears what fails without having been asked for, such as {@link Status#AGENT_MISSING} when the agent went away.
     *
     * @param listener called with each failure on the thread of listeners
     * @return what ends it
     * @throws ClosedException the client was closed
     */
    public Registration onFailure(Consumer<? super NymiException> listener) {
        Objects.requireNonNull(listener, "listener");
        return onEvent(FailureEvent.class, event -> listener.accept(event.exception()));
    }

    /**
     * Hears everything that answers no operation of this client: events, those of newer versions too, and answers to {@link #put}.
     *
     * @param listener called with each update on the thread of listeners
     * @return what ends it
     * @throws ClosedException the client was closed
     */
    public Registration onUpdate(Consumer<? super Update> listener) {
        return connection.listeners.onUpdate(this, Objects.requireNonNull(listener, "listener"));
    }

    private <E extends Event> Registration onEvent(Class<E> kind, Consumer<? super E> listener) {
        return connection.listeners.onEvent(this, kind, Objects.requireNonNull(listener, "listener"));
    }

    /**
     * Waits for the next tap. Drops the other updates before it.
     *
     * @param timeout how long to wait, 0 or more; what is longer than 292 years has no end
     * @return the tap
     * @throws IllegalArgumentException the timeout is negative
     * @throws NymiTimeoutException none came in time
     * @throws InternalException an update could not be read, which may have been the tap; its detail names it
     * @throws ClosedException the client was closed, and nothing is left to read
     * @throws IllegalStateException the client has listeners, which get the events
     */
    public TapEvent waitTap(Duration timeout) {
        return next(timeout, update -> update.event().flatMap(Client::tap));
    }

    /** Who waits for a tap that cannot be read would wait in vain. */
    private static Optional<TapEvent> tap(Event event) {
        if (event instanceof FailureEvent && ((FailureEvent) event).exception() instanceof InternalException) {
            throw ((FailureEvent) event).exception();
        }
        return event instanceof TapEvent ? Optional.of((TapEvent) event) : Optional.empty();
    }

    /**
     * Waits for the next event of any kind. Drops answers to {@link #put}. Throws as {@link #waitTap} does.
     *
     * @param timeout how long to wait
     * @return the event
     */
    public Event waitEvent(Duration timeout) {
        return next(timeout, Update::event);
    }

    /**
     * Waits for the next update that answers no operation of this client: events, and answers to {@link #put}. Throws as {@link #waitTap} does.
     *
     * @param timeout how long to wait
     * @return the update
     */
    public Update waitUpdate(Duration timeout) {
        return next(timeout, Optional::of);
    }

    private <T> T next(Duration timeout, Function<Update, Optional<T>> read) {
        Objects.requireNonNull(timeout, "timeout");
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("a timeout of " + timeout + "; it has to be 0 or more");
        }
        long left = timeout.compareTo(FOREVER) < 0 ? timeout.toNanos() : Long.MAX_VALUE;
        long began = System.nanoTime();
        try {
            while (true) {
                if (connection.listeners.areUsed()) {
                    throw new IllegalStateException("this client has listeners, which get the events");
                }
                Update update = connection.inbox.take(left - (System.nanoTime() - began));
                if (update == null) {
                    throw NymiException.of(new Failure(Result.TIMEOUT.number(), "", "Nothing came within " + timeout.toMillis() + " ms.", 0));
                }
                Optional<T> found = read.apply(update);
                if (found.isPresent()) {
                    return found.get();
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw NymiException.of(Failure.of(Status.CANCELLED, "The thread was interrupted."));
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Ends the client within a second. Whatever waits in it gets a {@link ClosedException}, and no listener is called any more, though one that is being
     * called is not waited for. Again is harmless. Waits for a log listener that is being called: hold no lock that it wants.
     */
    @Override
    public void close() {
        forgotten.closed = true;
        cleanable.clean();
        connection.join();
    }

    /**
     * Whether {@link #close} was called.
     *
     * @return whether it was closed
     */
    public boolean isClosed() {
        return forgotten.closed;
    }

    @Override
    public String toString() {
        return "Client{" + neaName + (isClosed() ? ", closed}" : "}");
    }

    /** Ends what a client left. It must not know the client. */
    private static final class Forgotten implements Runnable {
        private final Connection connection;
        private final String neaName;
        private volatile boolean closed;

        Forgotten(Connection connection, String neaName) {
            this.connection = connection;
            this.neaName = neaName;
        }

        @Override
        public void run() {
            if (!closed) {
                LOG.log(System.Logger.Level.WARNING, "the client {0} was forgotten without close()", neaName);
            }
            connection.terminate();
        }
    }

    /** How a client is to be. What is not said is as the machine is set up. */
    public static final class Builder {
        private final Settings settings;
        private Duration timeout = Duration.ofMillis(Abi.DEFAULT_DEADLINE_MS);
        private Executor executor = new CompletableFuture<>().defaultExecutor();

        private Builder(String neaName) {
            settings = new Settings(Objects.requireNonNull(neaName, "neaName"));
        }

        /**
         * The agent.
         *
         * @param agentUrl its channel socket, such as ws://127.0.0.1:9120; else that of NYMI_AGENT_URL or of the machine's settings
         * @return this
         */
        public Builder agentUrl(String agentUrl) {
            settings.agentUrl = Objects.requireNonNull(agentUrl, "agentUrl");
            return this;
        }

        /**
         * Where certificates and keys are kept.
         *
         * @param storeDirectory a folder, made if it is not there; else that of NYMI_NSL_DIR, or in the user's data folder
         * @return this
         */
        public Builder storeDirectory(Path storeDirectory) {
            settings.storeDirectory = Objects.requireNonNull(storeDirectory, "storeDirectory");
            return this;
        }

        /**
         * Writes nymi_api.log.
         *
         * @param logDirectory a folder that is there
         * @param level how much goes into the file
         * @return this
         */
        public Builder log(Path logDirectory, LogLevel level) {
            settings.logDirectory = Objects.requireNonNull(logDirectory, "logDirectory");
            settings.logLevel = Objects.requireNonNull(level, "level");
            return this;
        }

        /**
         * Gives the lines of the log to the program.
         *
         * @param level how much it gets
         * @param listener what takes them, on a thread of the library; it may call the client but should not wait in it
         * @return this
         */
        public Builder onLog(LogLevel level, LogListener listener) {
            settings.listenerLevel = Objects.requireNonNull(level, "level");
            settings.logListener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /**
         * How long operations may take that say nothing else.
         *
         * @param timeout more than 0 and at most 120 s; 15 s if it is never said
         * @return this
         * @throws IllegalArgumentException it is not in that range
         */
        public Builder timeout(Duration timeout) {
            this.timeout = Request.checked(timeout);
            return this;
        }

        /**
         * Where futures are completed.
         *
         * @param executor threads other than the caller's, so that stages may wait for operations; unless it is said, those that CompletableFuture's
         *     methods have whose names end in Async
         * @return this
         */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /**
         * Starts the client. That the agent cannot be reached is told by {@link Client#onFailure} or {@link Client#waitEvent}, not here.
         *
         * @return the client
         * @throws LibraryNotFoundException there is no C library, or another version of it
         * @throws LibraryException a setting cannot be used, or the system refused something
         */
        public Client build() {
            return build(NativeLoader.api());
        }

        Client build(NativeApi api) {
            return new Client(api, this);
        }
    }
}
