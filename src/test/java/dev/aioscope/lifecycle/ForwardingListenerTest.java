package dev.aioscope.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ForwardingListenerTest {
    /** None but {@code tell} is to be implemented: a kind of news that is not handed on would be lost in silence. */
    @Test
    void newsOfEachKindAreHandedOnToEachListener() throws Exception {
        for (Method kind : LifecycleListener.class.getMethods()) {
            List<String> heard = new ArrayList<>();
            ForwardingListener both = ForwardingListener.to(hearing("first ", heard), hearing("second ", heard));

            kind.invoke(both, nothing(kind));

            assertThat(heard).containsExactly("first " + kind.getName(), "second " + kind.getName());
        }
    }

    /** Null, and a number where null cannot be. */
    private static Object[] nothing(Method kind) {
        return Arrays.stream(kind.getParameterTypes())
                .map(type -> type == long.class ? 0L : null)
                .toArray();
    }

    private static LifecycleListener hearing(String name, List<String> heard) {
        return (LifecycleListener) Proxy.newProxyInstance(
                LifecycleListener.class.getClassLoader(),
                new Class<?>[] {LifecycleListener.class},
                (proxy, method, arguments) -> {
                    heard.add(name + method.getName());
                    return null;
                });
    }
}
