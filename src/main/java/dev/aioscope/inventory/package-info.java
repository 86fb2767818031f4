/** Who holds the quota: the live contexts of the host, reconciled with fs.aio-nr. */
@NullMarked
package dev.aioscope.inventory;

import org.jspecify.annotations.NullMarked;
