-- The built-in directory's names of a person, by which administrators search. No other table has them.
ALTER TABLE "dir.Account" ADD COLUMN "FirstName" TEXT;
ALTER TABLE "dir.Account" ADD COLUMN "LastName" TEXT;
