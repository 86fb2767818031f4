/** The live contexts of the host, compared with fs.aio-nr. */
@NullMarked
package dev.aioscope.inventory;

import org.jspecify.annotations.NullMarked;
