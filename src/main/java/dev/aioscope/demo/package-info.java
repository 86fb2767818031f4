/** Workloads of our own: real AIO contexts that live and end in every way there is. */
@NullMarked
package dev.aioscope.demo;

import org.jspecify.annotations.NullMarked;
