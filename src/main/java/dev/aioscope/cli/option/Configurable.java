package dev.aioscope.cli.option;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks an option of the daemon that can be set by the settings file and by the environment too. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Configurable {
    /** Whether it can change while the daemon runs. */
    boolean reloads() default false;

    /** Whether what is set there holds for every command that has the option. */
    boolean everywhere() default false;
}
