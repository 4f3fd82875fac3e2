using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Nymi
{
    /// <content>
    /// The operations. Each fails with a NymiException whose class and Status say why. A token that is cancelled ends the task at once, and the
    /// operation at the agent, too. Once the client was disposed of, each fails with an ObjectDisposedException.
    /// </content>
    public sealed partial class NymiClient
    {
        /// <summary>The agent's own refusal at the deadline says more, so the client waits longer.</summary>
        private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

        /// <summary>Any operation, with the fields of docs/messages.md; answers the payload, as <see cref="NymiUpdate.Payload"/> has it.</summary>
        public Task<IReadOnlyDictionary<string, object>> RequestAsync(
            string operation,
            IReadOnlyDictionary<string, object> payload = null,
            NymiCall call = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = new Fields();
            foreach (var field in payload ?? new Fields())
            {
                fields[field.Key] = field.Value;
            }
            return RunAsync(Required(operation, nameof(operation)), fields, answer => answer.All, call, cancellationToken);
        }

        /// <summary>
        /// Obtains or finds the application's certificate and makes it known to the agent. Comes first. Without user and password, or token,
        /// the stored certificate of an earlier run is used. Server and L1 that are left out are those of NYMI_NES_URL, NYMI_L1 or the machine's
        /// settings.
        /// </summary>
        /// <exception cref="NymiCertificateException">Nsl says which error.</exception>
        /// <exception cref="NymiServerException">The server cannot be reached or refuses.</exception>
        public Task<InitAnswer> InitAsync(
            InitOptions options = null, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = new Fields();
            options?.AddTo(fields);
            if (options?.NeaName == null)
            {
                fields.Add(NymiField.NeaName, neaName);
            }
            return RunAsync(NymiOperation.Init, fields, answer => new InitAnswer(answer), call, cancellationToken);
        }

        /// <summary>Versions, and what is connected and heard.</summary>
        public Task<InfoAnswer> InfoAsync(NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            return RunAsync(NymiOperation.Info, new Fields(), answer => new InfoAnswer(answer), call, cancellationToken);
        }

        /// <summary>The terminals that are connected, in the order in which they joined.</summary>
        public Task<IReadOnlyList<EndpointInfo>> ListEndpointsAsync(
            NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            return RunAsync(
                NymiOperation.ListEndpoints,
                new Fields(),
                answer => answer.List(NymiField.Endpoints, one => new EndpointInfo(one)),
                call,
                cancellationToken);
        }

        /// <summary>Hears what happens at a terminal, also after the agent was away; answers the terminal's stable id.</summary>
        /// <param name="endpoint">An id, host name or address; 127.0.0.1 is this machine's.</param>
        /// <param name="call">How it is called.</param>
        /// <param name="cancellationToken">Gives it up.</param>
        /// <exception cref="NymiEndpointException">Nobody knows it.</exception>
        public Task<string> SubscribeAsync(
            string endpoint, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = new Fields { { NymiField.EndpointId, Required(endpoint, nameof(endpoint)) } };
            return RunAsync(NymiOperation.SubscribeEndpoint, fields, answer => answer.Text(NymiField.EndpointId), call, cancellationToken);
        }

        /// <summary>Hears a terminal no longer; it is named as in <see cref="SubscribeAsync"/>. Answers its stable id.</summary>
        public Task<string> UnsubscribeAsync(
            string endpoint, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = new Fields { { NymiField.EndpointId, Required(endpoint, nameof(endpoint)) } };
            return RunAsync(NymiOperation.UnsubscribeEndpoint, fields, answer => answer.Text(NymiField.EndpointId), call, cancellationToken);
        }

        /// <summary>The bands and users that match all that is given.</summary>
        /// <param name="query">What they must match; at least one value.</param>
        /// <param name="columns">What to answer; null for everything.</param>
        /// <param name="call">How it is called.</param>
        /// <param name="cancellationToken">Gives it up.</param>
        /// <exception cref="NymiNotFoundException">Nothing matches.</exception>
        public Task<IReadOnlyList<LookupRow>> LookupAsync(
            LookupQuery query,
            IEnumerable<LookupColumn> columns = null,
            NymiCall call = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            var wanted = new Fields();
            Required(query, nameof(query)).AddTo(wanted);
            var all = columns == null ? Words.LookupColumn.Skip(1) : columns.Select(column => Fields.Word((int)column, Words.LookupColumn));
            var fields = new Fields();
            fields[NymiField.Query] = wanted;
            fields[NymiField.LookupKeys] = all.ToArray();
            return RunAsync(NymiOperation.Lookup, fields, Rows, call, cancellationToken);
        }

        /// <summary>Who wears a band, verified and signed by the server.</summary>
        /// <param name="band">Its NymiBandID, as the tap named it.</param>
        /// <param name="options">What is signed; null to ask only who wears the band.</param>
        /// <param name="call">How it is called.</param>
        /// <param name="cancellationToken">Gives it up.</param>
        /// <exception cref="NymiBandException">The band is away or not authenticated.</exception>
        /// <exception cref="NymiPresenceException">Its presence could not be proven.</exception>
        /// <exception cref="NymiAccountException">The user may not sign.</exception>
        public Task<AssertIdentityAnswer> AssertIdentityAsync(
            string band,
            AssertOptions options = null,
            NymiCall call = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = OfBand(band);
            fields.Add(NymiField.AssertType, (int)AssertType.AssertUser, Words.AssertType);
            options?.AddTo(fields);
            return RunAsync(NymiOperation.AssertIdentity, fields, answer => new AssertIdentityAnswer(answer), call, cancellationToken);
        }

        /// <summary>The directory's view of an account.</summary>
        /// <exception cref="NymiPolicyException">Check User Status is off.</exception>
        public Task<UserStatusAnswer> UserStatusAsync(
            string username, string domain, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = new Fields
            {
                { NymiField.UsernameColumn, Required(username, nameof(username)) },
                { NymiField.Domain, Required(domain, nameof(domain)) },
            };
            return RunAsync(NymiOperation.UserStatus, fields, answer => new UserStatusAnswer(answer), call, cancellationToken);
        }

        /// <summary>Lets the band vibrate and show a sign.</summary>
        public Task NotifyAsync(
            string band, Notification notification, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = OfBand(band);
            fields.Add(NymiField.Notification, (int)notification, Words.Notification);
            return RunAsync(NymiOperation.Notify, fields, answer => true, call, cancellationToken);
        }

        /// <summary>1 to 64 random bytes from the band.</summary>
        public Task<byte[]> RandomAsync(
            string band, int length, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = OfBand(band);
            fields[NymiField.Length] = length;
            return RunAsync(NymiOperation.Random, fields, answer => answer.Bytes(NymiField.Random), call, cancellationToken);
        }

        /// <summary>A signature with the band's key over a SHA-256 digest of 32 bytes.</summary>
        public Task<SignAnswer> SignAsync(
            string band, byte[] digest, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = OfBand(band);
            fields.Add(NymiField.Hash, Required(digest, nameof(digest)));
            return RunAsync(NymiOperation.Sign, fields, answer => new SignAnswer(answer), call, cancellationToken);
        }

        /// <summary>Makes, reads or deletes a key that the band keeps; only Create needs no id.</summary>
        public Task<SymmetricKeyAnswer> SymmetricKeyAsync(
            string band,
            KeyAction action,
            string keyId = null,
            NymiCall call = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = OfBand(band);
            fields.Add(NymiField.Action, (int)action, Words.KeyAction);
            fields.Add(NymiField.KeyId, keyId);
            return RunAsync(NymiOperation.SymmetricKey, fields, answer => new SymmetricKeyAnswer(answer), call, cancellationToken);
        }

        /// <summary>Makes, reads or deletes the secret for one-time passwords that the band keeps.</summary>
        public Task<TotpAnswer> TotpAsync(
            string band, KeyAction action, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = OfBand(band);
            fields.Add(NymiField.Action, (int)action, Words.KeyAction);
            return RunAsync(NymiOperation.Totp, fields, answer => new TotpAnswer(answer), call, cancellationToken);
        }

        /// <summary>The versions of the band.</summary>
        public Task<FirmwareAnswer> FirmwareAsync(
            string band, NymiCall call = null, CancellationToken cancellationToken = default(CancellationToken))
        {
            return RunAsync(NymiOperation.Firmware, OfBand(band), answer => new FirmwareAnswer(answer), call, cancellationToken);
        }

        /// <summary>Gives up the operation in flight that was given this name: it fails with a <see cref="NymiCancelledException"/>.</summary>
        /// <param name="exchange">The Exchange of its <see cref="NymiCall"/>.</param>
        /// <param name="cancellationToken">Gives up waiting for the agent's word on it.</param>
        /// <exception cref="NymiRequestException">1003, none of that name is in flight.</exception>
        public Task CancelAsync(string exchange, CancellationToken cancellationToken = default(CancellationToken))
        {
            var fields = new Fields { { NymiField.Exchange, Required(exchange, nameof(exchange)) } };
            return RunAsync(NymiOperation.Cancel, fields, answer => true, null, cancellationToken);
        }

        private static Fields OfBand(string band)
        {
            return new Fields { { NymiField.Device, Required(band, nameof(band)) } };
        }

        private static IReadOnlyList<LookupRow> Rows(Payload answer)
        {
            return answer.Has(NymiField.Matches)
                ? answer.List(NymiField.Matches, one => new LookupRow(one))
                : new[] { new LookupRow(answer) };
        }

        private async Task<T> RunAsync<T>(string operation, Fields fields, Func<Payload, T> read, NymiCall call, CancellationToken token)
        {
            CheckOpen();
            token.ThrowIfCancellationRequested();
            var limit = Limited(fields, CheckedTimeout(call?.Timeout ?? timeout));
            var exchange = call?.Exchange ?? connection.Router.Name();
            var request = Request.Text(operation, exchange, fields);
            var update = await connection.AskAsync(operation, exchange, request, limit + Grace, token).ConfigureAwait(false);
            return update.Answer(operation, read);
        }

        /// <summary>Sets the deadline of a request; what the request itself says counts, and what it says wrongly the library refuses.</summary>
        private static TimeSpan Limited(Fields fields, TimeSpan limit)
        {
            if (!fields.TryGetValue(NymiField.DeadlineMs, out var own))
            {
                fields[NymiField.DeadlineMs] = (int)Math.Ceiling(limit.TotalMilliseconds);
                return limit;
            }
            var isGood = (own is int || own is long) && Convert.ToInt64(own) > 0 && Convert.ToInt64(own) <= NymiAbi.MaxDeadlineMs;
            return isGood ? TimeSpan.FromMilliseconds(Convert.ToInt64(own)) : limit;
        }
    }
}
