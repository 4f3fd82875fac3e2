-- Which setting of the clock a verified frame counts from: when it was set to and the interval, milliseconds.
-- Links of rows without them stay valid: they cover columns that are there.
ALTER TABLE "audit.Verification" ADD COLUMN "TSet" INTEGER;
ALTER TABLE "audit.Verification" ADD COLUMN "TInterval" INTEGER;
