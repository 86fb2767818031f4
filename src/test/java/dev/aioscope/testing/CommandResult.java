package dev.aioscope.testing;

/**
 * The output and the exit status of a program.
 *
 * @param output stdout and stderr, interleaved
 */
public record CommandResult(String output, int status) {}
