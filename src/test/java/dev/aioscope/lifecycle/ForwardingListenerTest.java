package dev.aioscope.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ForwardingListenerTest {
    /** Covers new methods of the interface: {@link ForwardingListener} would silently drop those it does not override. */
    @Test
    void forwardsEachReportToEachListener() throws Exception {
        for (Method report : LifecycleListener.class.getMethods()) {
            List<String> received = new ArrayList<>();
            ForwardingListener both =
                    ForwardingListener.to(listener("first ", received), listener("second ", received));

            report.invoke(both, emptyArguments(report));

            assertThat(received).containsExactly("first " + report.getName(), "second " + report.getName());
        }
    }

    /** Null, or 0 for a primitive type. */
    private static Object[] emptyArguments(Method report) {
        return Arrays.stream(report.getParameterTypes())
                .map(type -> type == long.class ? 0L : null)
                .toArray();
    }

    private static LifecycleListener listener(String name, List<String> received) {
        return (LifecycleListener) Proxy.newProxyInstance(
                LifecycleListener.class.getClassLoader(),
                new Class<?>[] {LifecycleListener.class},
                (proxy, method, arguments) -> {
                    received.add(name + method.getName());
                    return null;
                });
    }
}
