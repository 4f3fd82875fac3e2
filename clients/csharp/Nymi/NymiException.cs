using System;

namespace Nymi
{
    /// <summary>A failure with a number. Its class says to which family the number belongs.</summary>
    public class NymiException : Exception
    {
        internal NymiException(Failure failure)
            : base(failure.Sentence)
        {
            Status = failure.Status;
            Detail = failure.Detail ?? "";
            Operation = failure.Operation;
            Exchange = failure.Exchange;
            Nsl = failure.Nsl;
        }

        /// <summary>The number; one below 1000 is a <see cref="NymiResult"/> of the library.</summary>
        public NymiStatus Status { get; }

        /// <summary>What exactly was wrong this time: a field, a host, what was expected. May be empty, never null.</summary>
        public string Detail { get; }

        /// <summary>The operation that failed; null if it was none.</summary>
        public string Operation { get; }

        /// <summary>The name of the call that failed; null if it was none.</summary>
        public string Exchange { get; }

        /// <summary>With status 8000, the number of the certificate error; else null.</summary>
        public int? Nsl { get; }

        /// <summary>Why it usually happens; null if this version does not know the number.</summary>
        public string UsualCause => IsKnown ? Status.Cause() : null;

        /// <summary>What to do about it; null if this version does not know the number.</summary>
        public string Remedy => IsKnown ? Status.Remedy() : null;

        private bool IsKnown => Enum.IsDefined(typeof(NymiStatus), Status);

        /// <summary>The exception of the class that fits a number.</summary>
        internal static NymiException Of(
            uint status, string description, string detail, string operation = null, string exchange = null, int nsl = 0)
        {
            var failure = new Failure
            {
                Status = (NymiStatus)status,
                Description = description,
                Detail = detail,
                Operation = operation,
                Exchange = exchange,
                Nsl = nsl == 0 ? (int?)null : nsl,
            };
            switch (status)
            {
                case (uint)NymiStatus.Cancelled: return new NymiCancelledException(failure);
                case (uint)NymiStatus.Terminated:
                case (uint)NymiResult.Terminated: return new NymiClosedException(failure);
                case (uint)NymiStatus.NotFound: return new NymiNotFoundException(failure);
                case (uint)NymiStatus.TimeoutNes:
                case (uint)NymiStatus.TimeoutBand:
                case (uint)NymiResult.Timeout: return new NymiTimeoutException(failure);
            }
            // Each family begins at its number.
            if (status < 1000) { return new NymiLibraryException(failure); }
            if (status < 2000) { return new NymiRequestException(failure); }
            if (status < 3000) { return new NymiServerException(failure); }
            if (status < 4000) { return new NymiBandException(failure); }
            if (status < 5000) { return new NymiAgentException(failure); }
            if (status < 6000) { return new NymiEndpointException(failure); }
            if (status < 6010) { return new NymiPresenceException(failure); }
            if (status < 7000) { return new NymiAccountException(failure); }
            if (status < 8000) { return new NymiPolicyException(failure); }
            if (status < 9000) { return new NymiCertificateException(failure); }
            return new NymiInternalException(failure);
        }

        /// <summary>What an exception is made of.</summary>
        internal sealed class Failure
        {
            internal NymiStatus Status;
            internal string Description;
            internal string Detail;
            internal string Operation;
            internal string Exchange;
            internal int? Nsl;

            internal string Sentence
            {
                get
                {
                    var about = Operation == null ? "" : Operation + ": ";
                    var known = Enum.IsDefined(typeof(NymiStatus), Status) ? Status.Description() : "";
                    var said = string.IsNullOrEmpty(Description) ? known : Description;
                    return $"{about}{Spaced(said)}{Spaced(Detail)}(status {(uint)Status})";
                }
            }

            private static string Spaced(string text)
            {
                return string.IsNullOrEmpty(text) ? "" : text + " ";
            }
        }
    }

    /// <summary>1000 to 1009: the request itself; the program has to be changed.</summary>
    public class NymiRequestException : NymiException
    {
        internal NymiRequestException(Failure failure) : base(failure) { }
    }

    /// <summary>1006: the operation was cancelled by its name.</summary>
    public sealed class NymiCancelledException : NymiRequestException
    {
        internal NymiCancelledException(Failure failure) : base(failure) { }
    }

    /// <summary>1007: the client was disposed of while the call waited.</summary>
    public sealed class NymiClosedException : NymiRequestException
    {
        internal NymiClosedException(Failure failure) : base(failure) { }
    }

    /// <summary>2000 to 2999: the server cannot be reached, refuses, or is wrong.</summary>
    public class NymiServerException : NymiException
    {
        internal NymiServerException(Failure failure) : base(failure) { }
    }

    /// <summary>2201: nothing matches.</summary>
    public sealed class NymiNotFoundException : NymiServerException
    {
        internal NymiNotFoundException(Failure failure) : base(failure) { }
    }

    /// <summary>3000 to 3999: the band is away, locked, out of date, or refuses.</summary>
    public class NymiBandException : NymiException
    {
        internal NymiBandException(Failure failure) : base(failure) { }
    }

    /// <summary>3000, 3010, or that nothing came in time.</summary>
    public sealed class NymiTimeoutException : NymiBandException
    {
        internal NymiTimeoutException(Failure failure) : base(failure) { }
    }

    /// <summary>4000 to 4999: the agent. The client connects again by itself.</summary>
    public sealed class NymiAgentException : NymiException
    {
        internal NymiAgentException(Failure failure) : base(failure) { }
    }

    /// <summary>5000 to 5999: the terminal, its adapter or reader.</summary>
    public sealed class NymiEndpointException : NymiException
    {
        internal NymiEndpointException(Failure failure) : base(failure) { }
    }

    /// <summary>6000 to 6009: it could not be proven that the band was there.</summary>
    public sealed class NymiPresenceException : NymiException
    {
        internal NymiPresenceException(Failure failure) : base(failure) { }
    }

    /// <summary>6010 to 6999: the user or the user's account.</summary>
    public sealed class NymiAccountException : NymiException
    {
        internal NymiAccountException(Failure failure) : base(failure) { }
    }

    /// <summary>7000 to 7999: the policy does not allow it.</summary>
    public sealed class NymiPolicyException : NymiException
    {
        internal NymiPolicyException(Failure failure) : base(failure) { }
    }

    /// <summary>8000 to 8999: certificates; Nsl says which error.</summary>
    public sealed class NymiCertificateException : NymiException
    {
        internal NymiCertificateException(Failure failure) : base(failure) { }
    }

    /// <summary>9000 and above: a fault in the platform.</summary>
    public sealed class NymiInternalException : NymiException
    {
        internal NymiInternalException(Failure failure) : base(failure) { }
    }

    /// <summary>Below 1000: the library refused a call.</summary>
    public sealed class NymiLibraryException : NymiException
    {
        internal NymiLibraryException(Failure failure) : base(failure) { }

        /// <summary>The number by its name.</summary>
        public NymiResult Result => (NymiResult)(uint)Status;
    }
}
