package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ErrnoTest {
    @ParameterizedTest
    @CsvSource({
        "1, EPERM",
        "5, EIO",
        "11, EAGAIN",
        "28, ENOSPC",
        "30, EROFS",
        "52, EBADE",
        "61, ENODATA",
        "67, ENOLINK",
        "84, EILSEQ",
        "95, EOPNOTSUPP",
        "110, ETIMEDOUT",
        "116, ESTALE",
        "121, EREMOTEIO",
        "122, EDQUOT",
        "512, ERESTARTSYS",
        "524, ENOTSUPP",
        "529, EIOCBQUEUED",
    })
    void namesErrorsOfStorageAndProbes(int errno, String name) {
        assertThat(Errno.name(errno)).isEqualTo(name);
    }

    @Test
    void printsNumberOfUnknownError() {
        assertThat(Errno.name(999)).isEqualTo("errno 999");
    }

    @Test
    void describesErrorsWithTheirMeaning() {
        assertThat(Errno.describe(Errno.EACCES)).isEqualTo("EACCES (permission denied)");
        assertThat(Errno.describe(Errno.EREMOTEIO)).isEqualTo("EREMOTEIO");
        assertThat(Errno.describe(524)).isEqualTo("ENOTSUPP (not supported by this kernel)");
        assertThat(Errno.describe(517)).isEqualTo("EPROBE_DEFER (an internal error of the kernel)");
    }

    @ParameterizedTest
    @CsvSource({
        "failed to attach: ERROR: strerror_r(-524)=22, failed to attach: ENOTSUPP (not supported by this kernel)",
        "failed to create: Unknown error 512, failed to create: ERESTARTSYS (an internal error of the kernel)",
        "failed to create: unknown error (-523), failed to create: EBADCOOKIE (an internal error of the kernel)",
        "failed to attach: Invalid argument, failed to attach: Invalid argument",
        "failed to attach: ERROR: strerror_r(-999)=22, failed to attach: errno 999",
    })
    void namesErrorsThatLibrariesDoNotKnow(String text, String expected) {
        assertThat(Errno.withNames(text)).isEqualTo(expected);
    }
}
