using System;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: AssemblyTitle("Nymi")]
[assembly: AssemblyDescription("Band taps, and signatures for them")]
[assembly: AssemblyVersion("0.1.0.0")]
[assembly: AssemblyInformationalVersion("0.1.0")]
[assembly: CLSCompliant(false)]
[assembly: ComVisible(false)]
// On Windows the library is taken from this assembly's folder, the program's or the system's: never from the current folder or one of PATH, where
// anybody may have put a file of that name.
[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.AssemblyDirectory | DllImportSearchPath.SafeDirectories)]
[assembly: InternalsVisibleTo("Nymi.Tests")]
