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
[assembly: InternalsVisibleTo("Nymi.Tests")]
