/** Identifies the processes that hold contexts: executable, command line, user, cgroup, container. */
@NullMarked
package dev.aioscope.host;

import org.jspecify.annotations.NullMarked;
