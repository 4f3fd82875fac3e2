-- Enrollments that an administrator disconnected. Such a band still has its user's data until that is deleted.
CREATE TABLE "nub.Disconnected" (
    "NymiBandID" TEXT PRIMARY KEY,
    "HardwareID" TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX "nub.Disconnected.HardwareID" ON "nub.Disconnected" ("HardwareID");
