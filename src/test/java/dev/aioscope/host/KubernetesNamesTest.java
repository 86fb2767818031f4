package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.KubernetesNames.Link;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

/** Names in /var/log/containers and in mounts. */
class KubernetesNamesTest {
    private static final String ID = "f0".repeat(32);

    @ParameterizedTest
    @CsvSource({
        "db-0_shop_engine-ID.log, db-0, shop, engine",
        "web-7d9f8b6c5-x2x4z_kube-system_side-car-2-ID.log, web-7d9f8b6c5-x2x4z, kube-system, side-car-2",
        "a.b.c_n_c-ID.log, a.b.c, n, c",
        "etcd-node1_kube-system_etcd-ID.log, etcd-node1, kube-system, etcd",
    })
    void parsesLink(String file, String pod, String namespace, String container) {
        assertThat(Link.parse(file.replace("ID", ID)))
                .hasValue(new Link(ID, new KubernetesNames(null, null, namespace, pod, container)));
    }

    @ParameterizedTest
    @CsvSource({
        "db-0_shop_engine-f0f0.log", // kubelet has cut it.
        "db-0_shop_engine-ID",
        "db-0_shop-ID.log",
        "a_b_c_d-ID.log",
        "Db_shop_engine-ID.log",
        "ID.log",
        ".log",
        "''"
    })
    void doesNotGuessFromOtherFile(String file) {
        assertThat(Link.parse(file.replace("ID", ID))).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @CsvFileSource(resources = "/mounts.tsv", delimiter = '\t', maxCharsPerColumn = -1)
    void findsNamesInMounts(String form, String mounts, String runtime, String podUid, String container) {
        assertThat(KubernetesNames.ofMounts(mounts.replace(";;", "\n")))
                .isEqualTo(new KubernetesNames(runtime, podUid, null, null, container));
    }

    @Test
    void completesOneSourceByAnother() {
        KubernetesNames link = new KubernetesNames(null, null, "shop", "db-0", "engine");
        KubernetesNames mounts = new KubernetesNames("containerd", "uid", null, null, "other");
        assertThat(link.or(mounts)).isEqualTo(new KubernetesNames("containerd", "uid", "shop", "db-0", "engine"));
        assertThat(KubernetesNames.UNKNOWN.or(mounts)).isEqualTo(mounts);
    }
}
