/**
 * Band taps, and signatures for them: the Nymi platform from Java. Begin with {@link org.nymi.Client}.
 */
package org.nymi;
