-- What the rules of the core need stored: individual policies and their members, what each band was given,
-- imported Seos records, and the meaning of a signature.

CREATE TABLE "adm.IndividualUserPolicy" (
    "ID"                                 INTEGER PRIMARY KEY AUTOINCREMENT,
    "IndividualUserPolicyTypeID"         INTEGER NOT NULL,
    "Name"                               TEXT NOT NULL UNIQUE COLLATE NOCASE,
    "Note"                               TEXT,
    "LivenessDetectionEnabled"           INTEGER,
    "PassworthAuthOption"                INTEGER,
    "CreatedAt"                          TEXT NOT NULL,
    "ModifiedAt"                         TEXT NOT NULL,
    "ModifiedBy"                         TEXT NOT NULL,
    "HapticFeedbackonBandEnabled"        INTEGER,
    "FAR"                                INTEGER,
    "AllowReEnrollment"                  INTEGER,
    "AllowReenrollementOfActiveNymiBand" INTEGER
);

CREATE TABLE "audit.IndividualUserPolicy" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "ID" INTEGER NOT NULL, "IndividualUserPolicyTypeID" INTEGER, "Name" TEXT, "Note" TEXT,
    "LivenessDetectionEnabled" INTEGER, "PassworthAuthOption" INTEGER, "CreatedAt" TEXT, "ModifiedAt" TEXT,
    "ModifiedBy" TEXT, "HapticFeedbackonBandEnabled" INTEGER, "FAR" INTEGER, "AllowReEnrollment" INTEGER,
    "AllowReenrollementOfActiveNymiBand" INTEGER
);

-- Who is in which individual policy. The guide has the policy's ID in the rows of the user's bands, where it stands
-- too; a user without a band can be a member as well.
CREATE TABLE "adm.IndividualUserPolicyMember" (
    "UserCoreId"             INTEGER PRIMARY KEY REFERENCES "nub.UserCore" ("ID"),
    "IndividualUserPolicyId" INTEGER NOT NULL REFERENCES "adm.IndividualUserPolicy" ("ID"),
    "ModifiedAt"             TEXT NOT NULL,
    "ModifiedBy"             TEXT NOT NULL
);

CREATE TABLE "audit.IndividualUserPolicyMember" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "UserCoreId" INTEGER NOT NULL, "IndividualUserPolicyId" INTEGER, "ModifiedAt" TEXT, "ModifiedBy" TEXT
);

-- The settings that a band was given, JSON by column. No row: an earlier version enrolled the band.
CREATE TABLE "nub.AppliedPolicy" (
    "NymiBandId" INTEGER PRIMARY KEY REFERENCES "nub.NymiBand" ("ID"),
    "Settings"   TEXT NOT NULL
);

-- The records that came with an order of Seos bands.
CREATE TABLE "nub.SeosRecord" (
    "ID"         INTEGER PRIMARY KEY AUTOINCREMENT,
    "HardwareID" TEXT NOT NULL UNIQUE,
    "SeosId"     TEXT NOT NULL UNIQUE,
    "CreatedAt"  TEXT NOT NULL,
    "ModifiedBy" TEXT NOT NULL
);

CREATE TABLE "audit.SeosRecord" (
    "Identity" INTEGER PRIMARY KEY, "EventTime" TEXT NOT NULL, "EventType" TEXT NOT NULL, "SystemUser" TEXT NOT NULL,
    "ID" INTEGER NOT NULL, "HardwareID" TEXT, "SeosId" TEXT, "CreatedAt" TEXT, "ModifiedBy" TEXT
);

-- What the signer declared. Links of rows without it stay valid: they cover columns that are there.
ALTER TABLE "audit.Verification" ADD COLUMN "Meaning" TEXT;
