-- The transactional tables of the guide and their audit tables, and what the protocol adds.
-- Column names, order and codes are the guide's ("Data Storage"). Times are text, RFC 3339 in UTC with milliseconds.
-- The part of a name before the dot is the schema.

CREATE TABLE "nub.UserCore" (
    "ID"         INTEGER PRIMARY KEY AUTOINCREMENT,
    "Domain"     TEXT NOT NULL COLLATE NOCASE,
    "Username"   TEXT NOT NULL COLLATE NOCASE,
    "MiscNote"   TEXT,
    "CreatedAt"  TEXT NOT NULL,
    "ModifiedAt" TEXT NOT NULL,
    "ModifiedBy" TEXT NOT NULL,
    UNIQUE ("Domain", "Username")
);

CREATE TABLE "nub.NymiBand" (
    "ID"                        INTEGER PRIMARY KEY AUTOINCREMENT,
    "UserCoreId"                INTEGER REFERENCES "nub.UserCore" ("ID"),
    "NymiBandID"                TEXT NOT NULL UNIQUE,
    "NfcUID"                    TEXT,
    "AuthorisationID"           TEXT,
    "HardwareID"                TEXT NOT NULL UNIQUE,
    "SymmetricKeyID"            TEXT,
    "EncryptionIV"              BLOB,
    "EncryptedPassword"         BLOB,
    "IsActive"                  INTEGER NOT NULL CHECK ("IsActive" IN (0, 1)),
    "IsPrimary"                 INTEGER NOT NULL CHECK ("IsPrimary" IN (0, 1)),
    "HasFingerprint"            INTEGER NOT NULL CHECK ("HasFingerprint" IN (0, 1)),
    "EnrollmentStatus"          INTEGER,
    "MiscNote"                  TEXT,
    "BandSubordinateCaCert"     TEXT,
    "BandCert"                  TEXT,
    "UserCert"                  TEXT,
    "BandLabel"                 TEXT,
    "FirmwareVersion"           TEXT,
    "CreatedAt"                 TEXT NOT NULL,
    "ModifiedAt"                TEXT NOT NULL,
    "ModifiedBy"                TEXT NOT NULL,
    "EvidianEnrollmentCompleted" INTEGER NOT NULL,
    "IsSynced"                  INTEGER NOT NULL,
    "IndividualUserPolicyId"    INTEGER,
    "SeosId"                    TEXT,
    "StaticMacAddress"          TEXT,
    "TSetTime"                  TEXT,
    "IsBandEnrolledHere"        INTEGER NOT NULL,
    "HardwareVersion"           TEXT
);
CREATE INDEX "nub.NymiBand.UserCoreId" ON "nub.NymiBand" ("UserCoreId");
-- At most one active band per user, whatever the code above does.
CREATE UNIQUE INDEX "nub.NymiBand.OneActive" ON "nub.NymiBand" ("UserCoreId") WHERE "IsActive" = 1;
-- A tap names one active band: nobody enrolls with the NFC UID of another's.
CREATE UNIQUE INDEX "nub.NymiBand.OneNfcUID" ON "nub.NymiBand" ("NfcUID") WHERE "IsActive" = 1;

CREATE TABLE "nub.ExternalAuthenticator" (
    "ID"                           INTEGER PRIMARY KEY AUTOINCREMENT,
    "PublicKey"                    TEXT NOT NULL,
    "BandExternalAuthenticatorid"  TEXT,
    "NymiBandId"                   INTEGER NOT NULL REFERENCES "nub.NymiBand" ("ID"),
    "Name"                         TEXT NOT NULL,
    "MiscNote"                     TEXT,
    "CreatedAt"                    TEXT NOT NULL,
    "PrivateKeyWO"                 TEXT,
    "PrivateKeyStoreID"            TEXT,
    "HapticFeedbackonBandEnabled"  INTEGER,
    "ModifiedAt"                   TEXT NOT NULL,
    "ModifiedBy"                   TEXT NOT NULL,
    UNIQUE ("NymiBandId", "Name")
);

-- What the key agreement left, sealed under the key outside the database.
CREATE TABLE "nub.AdvertisingKey" (
    "NymiBandId" INTEGER PRIMARY KEY REFERENCES "nub.NymiBand" ("ID"),
    "AdvKey1"    BLOB NOT NULL,
    "AdvKey2"    BLOB NOT NULL
);

-- Every NymiBandID and Q_B ever enrolled: a known one is refused. Q_B is kept hashed.
CREATE TABLE "nub.KeyAgreement" (
    "NymiBandID" TEXT PRIMARY KEY,
    "QBandHash"  BLOB NOT NULL UNIQUE
) WITHOUT ROWID;

-- Verification state of (band, T_set). "TSet" is when the clock was set to, milliseconds. A row is pending
-- until a frame under it verifies; that deletes the rows with an earlier one.
CREATE TABLE "nub.PresenceState" (
    "NymiBandId"   INTEGER NOT NULL REFERENCES "nub.NymiBand" ("ID"),
    "TSet"         INTEGER NOT NULL,
    "TInterval"    INTEGER NOT NULL,
    "Generation"   INTEGER NOT NULL,
    "BestSkewMs"   INTEGER,
    "BestAt"       INTEGER,
    "LastCounter"  INTEGER,
    "LastAgent"    TEXT,
    "LastEndpoint" TEXT,
    PRIMARY KEY ("NymiBandId", "TSet")
) WITHOUT ROWID;

-- Gestures that were spent on an assertion, per caller.
CREATE TABLE "nub.IntentUse" (
    "IntentID" TEXT NOT NULL,
    "Azp"      TEXT NOT NULL,
    "UsedAt"   INTEGER NOT NULL,
    PRIMARY KEY ("IntentID", "Azp")
) WITHOUT ROWID;
CREATE INDEX "nub.IntentUse.UsedAt" ON "nub.IntentUse" ("UsedAt");

-- Built-in directory and service accounts.
CREATE TABLE "dir.Account" (
    "ID"                 INTEGER PRIMARY KEY AUTOINCREMENT,
    "Subject"            TEXT NOT NULL UNIQUE,
    "Kind"               TEXT NOT NULL CHECK ("Kind" IN ('user', 'agent', 'terminal')),
    "Domain"             TEXT NOT NULL COLLATE NOCASE,
    "Username"           TEXT NOT NULL COLLATE NOCASE,
    "PasswordHash"       TEXT NOT NULL,
    "IsAdministrator"    INTEGER NOT NULL DEFAULT 0,
    "IsDisabled"         INTEGER NOT NULL DEFAULT 0,
    "IsLocked"           INTEGER NOT NULL DEFAULT 0,
    "MustChangePassword" INTEGER NOT NULL DEFAULT 0,
    "ExpiresAt"          INTEGER,
    "PasswordExpiresAt"  INTEGER,
    "Endpoints"          TEXT,
    "CreatedAt"          TEXT NOT NULL,
    UNIQUE ("Domain", "Username")
);

-- Log-in tokens, hashed.
CREATE TABLE "adm.Token" (
    "TokenHash" BLOB PRIMARY KEY,
    "AccountID" INTEGER NOT NULL REFERENCES "dir.Account" ("ID"),
    "ExpiresAt" INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX "adm.Token.ExpiresAt" ON "adm.Token" ("ExpiresAt");

-- Whose NEA name it is.
CREATE TABLE "adm.NeaName" (
    "NeaName"   TEXT PRIMARY KEY,
    "AccountID" INTEGER NOT NULL REFERENCES "dir.Account" ("ID")
) WITHOUT ROWID;

-- Facts about this database, such as the proof that the key file belongs to it.
CREATE TABLE "adm.Installation" (
    "Name"  TEXT PRIMARY KEY,
    "Value" BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE "adm.ApplicationSettings" (
    "ID"                                  INTEGER PRIMARY KEY AUTOINCREMENT,
    "IsActive"                            INTEGER NOT NULL,
    "Description"                         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    "AutoLogoutTimeoutSeconds"            INTEGER NOT NULL,
    "NfcUIDCaptureRequirement"            TEXT NOT NULL,
    "FingerprintRequirement"              TEXT NOT NULL,
    "PassworthAuthOption"                 INTEGER NOT NULL,
    "FingerprintOption"                   INTEGER NOT NULL,
    "LockControlSupportOption"            INTEGER NOT NULL,
    "DoorSecurityOption"                  INTEGER,
    "AdCheckUserStatus"                   INTEGER NOT NULL,
    "AdCacheUserStatus"                   INTEGER NOT NULL,
    "AdCacheExpiryTimeSeconds"            INTEGER,
    "ManualOtpOption"                     INTEGER,
    "ManualNeaOtpOption"                  INTEGER,
    "LockWhenAway"                        INTEGER NOT NULL,
    "MonitorProximity"                    INTEGER,
    "KeepUnlockedWhenPresent"             INTEGER NOT NULL,
    "CheckProximityForUnlock"             INTEGER,
    "LockProximitySphera"                 INTEGER NOT NULL,
    "UnlockProximitySphera"               INTEGER NOT NULL,
    "ProximityLockCountdown"              INTEGER NOT NULL,
    "BandLabelOnBandEnabled"              INTEGER NOT NULL,
    "BandLabelOnBandCustomizationEnabled" INTEGER NOT NULL,
    "CreatedAt"                           TEXT NOT NULL,
    "ModifiedAt"                          TEXT NOT NULL,
    "ModifiedBy"                          TEXT NOT NULL,
    "EnrollmentDestination"               INTEGER NOT NULL,
    "SDCTEnabled"                         INTEGER,
    "SDRemindersEnabled"                  INTEGER,
    "UnlockWhenPresent"                   INTEGER NOT NULL,
    "LivenessDetectionEnabled"            INTEGER,
    "HealthAttestation"                   INTEGER,
    "TemperatureReporting"                INTEGER,
    "SeosTimeout"                         INTEGER,
    "HapticFeedbackOnBandEnabled"         INTEGER,
    "FAR"                                 INTEGER NOT NULL,
    "TInterval"                           INTEGER NOT NULL,
    "DmNBANESTime"                        INTEGER NOT NULL,
    "DvNBANESTime"                        INTEGER NOT NULL,
    "DmNBANBTime"                         INTEGER NOT NULL,
    "DvNBANBTime"                         INTEGER NOT NULL,
    "DmClockDrift"                        INTEGER NOT NULL,
    "DvClockDrift"                        INTEGER NOT NULL,
    "DmIntent"                            INTEGER NOT NULL,
    "DvIntent"                            INTEGER NOT NULL,
    "AllowReEnrollment"                   INTEGER NOT NULL,
    "AllowReenrollementOfActiveNymiBand"  INTEGER NOT NULL,
    -- The guide documents no column for this setting.
    "EnrollmentPermissions"               INTEGER NOT NULL
);
CREATE UNIQUE INDEX "adm.ApplicationSettings.OneActive" ON "adm.ApplicationSettings" ("IsActive") WHERE "IsActive" = 1;

CREATE TABLE "audit.Events" (
    "ID"                   INTEGER PRIMARY KEY,
    "EventTypeID"          INTEGER NOT NULL,
    "UserCoreID"           INTEGER,
    "Username"             TEXT,
    "InitialTapNymiBandId" TEXT,
    "ConfirmTapNymiBandId" TEXT,
    "CreatedAt"            TEXT NOT NULL,
    "ModifiedAt"           TEXT NOT NULL,
    "ModifiedBy"           TEXT NOT NULL,
    "DisconnectUserCoreId" INTEGER,
    "HardwareID"           TEXT
);
CREATE INDEX "audit.Events.UserCoreID" ON "audit.Events" ("UserCoreID") WHERE "UserCoreID" IS NOT NULL;

-- What the protocol keeps with an event of presence verification.
CREATE TABLE "audit.Verification" (
    "EventID"        INTEGER PRIMARY KEY REFERENCES "audit.Events" ("ID"),
    "NymiBandID"     TEXT,
    "Agent"          TEXT NOT NULL,
    "Endpoint"       TEXT,
    "Method"         TEXT,
    "Outcome"        TEXT,
    "Status"         INTEGER NOT NULL,
    "Counter"        INTEGER,
    "SkewMs"         INTEGER,
    "Azp"            TEXT,
    "Jti"            BLOB,
    "TokenHash"      BLOB,
    "DocumentSha256" BLOB,
    "IntentID"       BLOB
);

CREATE TABLE "audit.UserCore" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "ID" INTEGER NOT NULL, "Domain" TEXT, "Username" TEXT, "MiscNote" TEXT, "CreatedAt" TEXT, "ModifiedAt" TEXT,
    "ModifiedBy" TEXT
);

CREATE TABLE "audit.NymiBand" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "ID" INTEGER NOT NULL, "UserCoreId" INTEGER, "NymiBandID" TEXT, "NfcUID" TEXT, "AuthorisationID" TEXT, "HardwareID" TEXT,
    "SymmetricKeyID" TEXT, "EncryptionIV" BLOB, "EncryptedPassword" BLOB, "IsActive" INTEGER, "IsPrimary" INTEGER,
    "HasFingerprint" INTEGER, "EnrollmentStatus" INTEGER, "MiscNote" TEXT, "BandSubordinateCaCert" TEXT, "BandCert" TEXT,
    "UserCert" TEXT, "BandLabel" TEXT, "FirmwareVersion" TEXT, "CreatedAt" TEXT, "ModifiedAt" TEXT, "ModifiedBy" TEXT,
    "EvidianEnrollmentCompleted" INTEGER, "IsSynced" INTEGER, "IndividualUserPolicyId" INTEGER, "SeosId" TEXT,
    "StaticMacAddress" TEXT, "TSetTime" TEXT, "IsBandEnrolledHere" INTEGER, "HardwareVersion" TEXT
);

CREATE TABLE "audit.ApplicationsSetting" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "ID" INTEGER NOT NULL, "IsActive" INTEGER, "Description" TEXT, "AutoLogoutTimeoutSeconds" INTEGER,
    "NfcUIDCaptureRequirement" TEXT, "FingerprintRequirement" TEXT, "PassworthAuthOption" INTEGER,
    "FingerprintOption" INTEGER, "LockControlSupportOption" INTEGER, "DoorSecurityOption" INTEGER,
    "AdCheckUserStatus" INTEGER, "AdCacheUserStatus" INTEGER, "AdCacheExpiryTimeSeconds" INTEGER,
    "ManualOtpOption" INTEGER, "ManualNeaOtpOption" INTEGER, "LockWhenAway" INTEGER, "MonitorProximity" INTEGER,
    "KeepUnlockedWhenPresent" INTEGER, "CheckProximityForUnlock" INTEGER, "LockProximitySphera" INTEGER,
    "UnlockProximitySphera" INTEGER, "ProximityLockCountdown" INTEGER, "BandLabelOnBandEnabled" INTEGER,
    "BandLabelOnBandCustomizationEnabled" INTEGER, "CreatedAt" TEXT, "ModifiedAt" TEXT, "ModifiedBy" TEXT,
    "EnrollmentDestination" INTEGER, "SDCTEnabled" INTEGER, "SDRemindersEnabled" INTEGER, "UnlockWhenPresent" INTEGER,
    "LivenessDetectionEnabled" INTEGER, "HealthAttestation" INTEGER, "TemperatureReporting" INTEGER,
    "SeosTimeout" INTEGER, "HapticFeedbackOnBandEnabled" INTEGER, "FAR" INTEGER, "TInterval" INTEGER,
    "DmNBANESTime" INTEGER, "DvNBANESTime" INTEGER, "DmNBANBTime" INTEGER, "DvNBANBTime" INTEGER,
    "DmClockDrift" INTEGER, "DvClockDrift" INTEGER, "DmIntent" INTEGER, "DvIntent" INTEGER,
    "AllowReEnrollment" INTEGER, "AllowReenrollementOfActiveNymiBand" INTEGER, "EnrollmentPermissions" INTEGER
);

CREATE TABLE "audit.ExternalAuthenticator" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "ID" INTEGER NOT NULL, "PublicKey" TEXT, "BandExternalAuthenticatorid" TEXT, "NymiBandId" INTEGER, "Name" TEXT,
    "MiscNote" TEXT, "CreatedAt" TEXT, "PrivateKeyWO" TEXT, "PrivateKeyStoreID" TEXT,
    "HapticFeedbackonBandEnabled" INTEGER, "ModifiedAt" TEXT, "ModifiedBy" TEXT
);

CREATE TABLE "audit.Certificate" (
    "ID"                INTEGER PRIMARY KEY,
    "NotBefore"         TEXT NOT NULL,
    "NotAfter"          TEXT NOT NULL,
    "SerialNumber"      TEXT NOT NULL,
    "RequesterTime"     TEXT NOT NULL,
    "RequesterDomain"   TEXT NOT NULL,
    "RequesterUserName" TEXT NOT NULL,
    "RequesterIp"       TEXT NOT NULL
);

-- One link per audit row, in the order of writing: the hash covers the link before and the row's content.
-- "TableNo" is the number in the code's table of audit tables.
CREATE TABLE "audit.Chain" (
    "Sequence"    INTEGER PRIMARY KEY,
    "TableNo"     INTEGER NOT NULL,
    "RowIdentity" INTEGER NOT NULL,
    "Hash"        BLOB NOT NULL
);

-- The last link, sealed under the key outside the database: cutting the end off, or computing the chain
-- anew, shows.
CREATE TABLE "audit.ChainHead" (
    "ID"       INTEGER PRIMARY KEY CHECK ("ID" = 1),
    "Sequence" INTEGER NOT NULL,
    "Hash"     BLOB NOT NULL,
    "Seal"     BLOB NOT NULL
);
