/** AIO workloads that exercise contexts in every possible way. */
@NullMarked
package dev.aioscope.demo;

import org.jspecify.annotations.NullMarked;
