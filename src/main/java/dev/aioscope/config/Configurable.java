package dev.aioscope.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks an option of the daemon that the settings file and the environment can set too. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Configurable {
    /** Whether a running daemon can reload it. */
    boolean reloads() default false;

    /** Whether these sources set it for every command that has the option, not only for the daemon. */
    boolean everywhere() default false;
}
