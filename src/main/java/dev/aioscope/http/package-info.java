/** The web server: TLS, basic authentication, limits. */
@NullMarked
package dev.aioscope.http;

import org.jspecify.annotations.NullMarked;
