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
        "524, ENOTSUPP",
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
    }
}
