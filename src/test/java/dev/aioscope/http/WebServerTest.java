package dev.aioscope.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.http.WebServer.Page;
import dev.aioscope.worker.ErrorBoundary;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.crypto.bcrypt.BCrypt;

/** Real sockets on loopback. */
@Timeout(60)
class WebServerTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final String LONG = "a line\n".repeat(1000);
    private static final Map<String, Function<String, Page>> PAGES = Map.of(
            "/", accept -> Page.text(200, "index"),
            "/long", accept -> Page.text(200, LONG),
            "/accept", accept -> Page.text(200, accept),
            "/large", accept -> Page.text(200, "x".repeat(50_000_000)),
            "/lines", accept -> Page.json(Stream.of("{\"a\":1}", "{\"a\":2}")),
            "/broken",
                    accept -> {
                        throw new IllegalStateException("a secret");
                    },
            "/error",
                    accept -> {
                        throw new StackOverflowError("a secret");
                    });

    @TempDir
    private Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(20)).build();
    private final List<Socket> sockets = new ArrayList<>();
    private WebServer server;

    @BeforeEach
    void start() {
        server = new WebServer(ANY_PORT, null, null, Set.of(), PAGES);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.url() + path)).timeout(Duration.ofSeconds(20));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), URI.create(server.url()).getPort());
        socket.setSoTimeout(20_000);
        sockets.add(socket);
        return socket;
    }

    /** All that comes until the server closes. */
    private static String readAll(Socket socket) {
        try {
            return new String(socket.getInputStream().readAllBytes(), US_ASCII);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void servesEndpoints() throws Exception {
        HttpResponse<String> lines = send(request("/lines?x=y"));
        assertThat(lines.statusCode()).isEqualTo(200);
        assertThat(lines.body()).isEqualTo("{\"a\":1}\n{\"a\":2}\n");
        assertThat(lines.headers().firstValue("Content-Type")).contains("application/x-ndjson");
        assertThat(lines.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(send(request("/accept").header("Accept", "text/a")).body()).isEqualTo("text/a\n");
        HttpResponse<String> head = send(request("/").method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "deflate, gzip;q=0.5", "br;q=1.0,GZIP", "*", "gzip, *;q=0"})
    void compressesLongBodyForClientThatAcceptsGzip(String accepted) throws Exception {
        HttpResponse<InputStream> answer = client.send(
                request("/long").header("Accept-Encoding", accepted).build(),
                HttpResponse.BodyHandlers.ofInputStream());
        assertThat(answer.headers().firstValue("Content-Encoding")).contains("gzip");
        try (InputStream body = new GZIPInputStream(answer.body())) {
            assertThat(new String(body.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(LONG + "\n");
        }
        assertThat(Integer.parseInt(
                        answer.headers().firstValue("Content-Length").orElseThrow()))
                .isLessThan(LONG.length() / 10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped"})
    void sendsLongBodyAsItIsToOthers(String accepted) throws Exception {
        HttpResponse<String> answer = send(request("/long").header("Accept-Encoding", accepted));
        assertThat(answer.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(answer.body()).isEqualTo(LONG + "\n");
        assertThat(send(request("/lines").header("Accept-Encoding", "gzip"))
                        .headers()
                        .firstValue("Content-Encoding"))
                .as("of a short body")
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/nothing", "/lines/..", "//lines", "/%2e%2e/etc/passwd"})
    void returns404ForOtherPaths(String path) throws Exception {
        assertThat(send(request(path)).statusCode()).isEqualTo(404);
    }

    @Test
    void rejectsRequestsWithBody() throws Exception {
        assertThat(send(request("/").POST(HttpRequest.BodyPublishers.ofString("x")))
                        .statusCode())
                .isEqualTo(405);
        assertThat(send(request("/").method("GET", HttpRequest.BodyPublishers.ofString("x")))
                        .statusCode())
                .isEqualTo(413);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/broken", "/error"})
    void returns500WithoutDetailsAndCountsFailureWhenEndpointFails(String path) throws Exception {
        long before = ErrorBoundary.failures().getOrDefault("http", 0L);
        HttpResponse<String> answer = send(request(path));
        assertThat(ErrorBoundary.failures()).containsEntry("http", before + 1);
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body()).doesNotContain("secret");
        assertThat(send(request("/")).statusCode()).isEqualTo(200);
    }

    @Test
    void servesOthersDespiteSilentAndSlowClients() throws Exception {
        for (int i = 0; i < 25; i++) {
            OutputStream out = connect().getOutputStream();
            out.write((i % 2 == 0 ? "GET / HT" : "").getBytes(US_ASCII));
            out.flush();
        }
        long begin = System.nanoTime();
        assertThat(send(request("/")).statusCode()).isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
        // Those that had begun a request are cut off; none of them was answered.
        for (int i = 0; i < 25; i += 2) {
            assertThat(readAll(sockets.get(i))).doesNotContain("200 OK");
        }
    }

    @Test
    void closesExcessConnectionsAndServesLaterOnes() throws Exception {
        for (int i = 0; i < 100; i++) {
            OutputStream out = connect().getOutputStream();
            try {
                out.write("GET / HTTP/1.1\r\n".getBytes(US_ASCII));
                out.flush();
            } catch (IOException e) {
                // Closed already.
            }
        }
        // All of them, within the seconds that a request may take.
        sockets.forEach(WebServerTest::readAll);
        assertThat(send(request("/")).statusCode()).isEqualTo(200);
    }

    /** More of them than there may be connections, each over before the next begins. */
    @ParameterizedTest
    @ValueSource(strings = {"POST", "GET", "HEAD"})
    void releasesConnectionOfTruncatedBody(String method) throws Exception {
        String request = method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc";
        for (int i = 0; i < 100; i++) {
            try (Socket socket = connect()) {
                socket.getOutputStream().write(request.getBytes(US_ASCII));
                socket.shutdownOutput();
                String answer = readAll(socket);
                if (!method.equals("HEAD")) { // which is not answered when its body is cut off
                    assertThat(answer).as("request %d", i).startsWith("HTTP/1.1 4");
                }
            }
        }
        assertThat(send(request("/")).statusCode()).isEqualTo(200);
    }

    @Test
    void abandonsClientThatDoesNotRead() throws Exception {
        Socket lazy = connect();
        lazy.setReceiveBufferSize(1024);
        lazy.getOutputStream().write("GET /large HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII));
        lazy.getOutputStream().flush();
        InputStream in = lazy.getInputStream();
        assertThat(in.read()).isEqualTo('H');
        assertThat(send(request("/")).statusCode()).isEqualTo(200);
    }

    @Test
    void rejectsGarbageAndEndlessHeaders() throws Exception {
        List<String> requests = List.of(
                "\u0001\u0002\u0003\r\n\r\n",
                "GET\r\n\r\n",
                "GET / HTTP/1.1\r\n" + "A: b\r\n".repeat(1000) + "\r\n",
                "GET / HTTP/1.1\r\nA: " + "b".repeat(1_000_000) + "\r\n\r\n",
                "GET /" + "a".repeat(1_000_000) + " HTTP/1.1\r\n\r\n",
                "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n");
        for (String request : requests) {
            Socket socket = connect();
            try {
                socket.getOutputStream().write(request.getBytes(US_ASCII));
                socket.getOutputStream().flush();
                socket.shutdownOutput();
            } catch (IOException e) {
                // Closed before all was sent.
            }
            assertThat(readAll(socket)).as(request.substring(0, 5)).doesNotContain("200 OK");
        }
        assertThat(send(request("/")).statusCode()).isEqualTo(200);
    }

    /** A line of the auth file, with one of the names that programs give to the algorithm. */
    private static String line(String name, String password, String version) {
        return name + ":$" + version
                + BCrypt.hashpw(password, BCrypt.gensalt(4)).substring(3);
    }

    private void serveTo(String... lines) throws IOException {
        server.close();
        BasicAuth users = BasicAuth.read(users(String.join("\n", lines), "rw-------"));
        server = new WebServer(ANY_PORT, null, users, Set.of("/accept"), PAGES);
    }

    @ParameterizedTest
    @CsvSource({"0.0.0.0, *:80", "::, *:80", "::1, [0:0:0:0:0:0:0:1]:80", "192.0.2.1, 192.0.2.1:80"})
    void showsAllAddressesAsStar(String address, String shown) throws Exception {
        assertThat(WebServer.show(new InetSocketAddress(InetAddress.getByName(address), 80)))
                .isEqualTo(shown);
    }

    @Test
    void requiresCredentials() throws Exception {
        serveTo(line("scraper", "s3cret:x", "2y"), "# a comment", line("b", "é", "2b"), line("c", "", "2a"), "");
        assertThat(send(request("/")).statusCode()).isEqualTo(401);
        for (int again = 0; again < 2; again++) {
            for (String right : List.of("scraper:s3cret:x", "b:é", "c:")) {
                assertThat(send(authorized(right)).statusCode()).as(right).isEqualTo(200);
            }
            for (String wrong :
                    List.of("scraper:s3cret", "scraper:", "nobody:s3cret:x", ":", "nobody:", "b:s3cret:x")) {
                assertThat(send(authorized(wrong)).statusCode()).as(wrong).isEqualTo(401);
            }
        }
        Socket garbage = connect();
        garbage.getOutputStream().write("GET / HTTP/1.0\r\nAuthorization: Basic ???\r\n\r\n".getBytes(US_ASCII));
        assertThat(readAll(garbage)).doesNotContain("200 OK");
        assertThat(send(request("/").header("Authorization", "Bearer x")).statusCode())
                .isEqualTo(401);
    }

    /** A test vector of crypt_blowfish. */
    @Test
    void acceptsHashOfAnotherProgram() throws Exception {
        serveTo("a:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        assertThat(send(authorized("a:U*U")).statusCode()).isEqualTo(200);
        assertThat(send(authorized("a:U*V")).statusCode()).isEqualTo(401);
    }

    @Test
    void answersOpenPathWithoutCredentialsAndNoOther() throws Exception {
        serveTo(line("a", "b", "2y"));
        assertThat(send(request("/accept")).statusCode()).isEqualTo(200);
        for (String path : List.of("/", "/lines", "/accept/../lines", "/acceptlines", "/accept/lines", "//lines")) {
            assertThat(send(request(path)).statusCode()).as(path).isIn(401, 404);
        }
    }

    private HttpRequest.Builder authorized(String credentials) {
        return request("/")
                .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(UTF_8)));
    }

    private Path users(String text, String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve("users"), text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw-r--r--", "rw--w----", "rw-----w-", "rwx--x---", "rw----r--"})
    void rejectsAuthFileThatOthersCanAccess(String permissions) throws IOException {
        Path open = users(line("a", "b", "2y"), permissions);
        assertThatThrownBy(() -> BasicAuth.read(open))
                .hasMessageContainingAll("cannot use " + open, "chmod 600 " + open);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nobody",
                "a:s3cret",
                "a:",
                "a:$apr1$s3cret$s3cret",
                "a:{SHA}s3cret",
                "a:$2y$05$s3cret",
                "a:$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                "a:$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
                ":$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
            })
    void rejectsLineWithoutHashAndHidesIt(String line) throws IOException {
        Path bad = users("# users\n" + line + "\n", "rw-------");
        assertThatThrownBy(() -> BasicAuth.read(bad))
                .isInstanceOf(HttpException.class)
                .hasMessageContainingAll("cannot use " + bad + ":2: ", "htpasswd -nB")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void rejectsAuthFileWithoutUsers() throws IOException {
        Path empty = users("\n", "rw-------");
        assertThatThrownBy(() -> BasicAuth.read(empty)).hasMessageContaining("no user");
        assertThatThrownBy(() -> BasicAuth.read(folder.resolve("none"))).hasMessageContaining("cannot read");
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC -pkeyopt ec_paramgen_curve:P-256", "RSA -pkeyopt rsa_keygen_bits:2048"})
    void servesOverTls(String algorithm) throws Exception {
        List<String> words = Stream.of(algorithm.split(" ", -1)).toList();
        List<String> command = new ArrayList<>(List.of("openssl", "req", "-x509", "-nodes", "-newkey"));
        command.addAll(words);
        command.addAll(List.of("-subj", "/CN=localhost", "-days", "1", "-keyout", "key.pem", "-out", "cert.pem"));
        Process openssl = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("openssl.log").toFile())
                .start();
        assertThat(openssl.waitFor())
                .as(Files.readString(folder.resolve("openssl.log")))
                .isZero();
        server.close();
        SSLContext tls = Tls.read(folder.resolve("cert.pem"), folder.resolve("key.pem"));
        server = new WebServer(ANY_PORT, tls, null, Set.of(), PAGES);

        assertThat(server.url()).startsWith("https://127.0.0.1:");
        SSLContext trusting = SSLContext.getInstance("TLS");
        trusting.init(null, new TrustManager[] {new Trusting()}, null);
        HttpClient secure = HttpClient.newBuilder().sslContext(trusting).build();
        URI uri = URI.create(server.url().replace("127.0.0.1", "localhost") + "/");
        assertThat(secure.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                        .body())
                .isEqualTo("index\n");
        // One that speaks plain HTTP gets no page.
        Socket plain = connect();
        plain.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(US_ASCII));
        assertThat(readAll(plain)).doesNotContain("index");
        assertThatThrownBy(() -> Tls.read(folder.resolve("key.pem"), folder.resolve("cert.pem")))
                .isInstanceOf(HttpException.class);
    }

    @Test
    void reportsAddressInUseOnce() {
        InetSocketAddress taken = new InetSocketAddress(
                InetAddress.getLoopbackAddress(), URI.create(server.url()).getPort());
        assertThatThrownBy(() -> new WebServer(taken, null, null, Set.of(), PAGES))
                .isInstanceOf(HttpException.class)
                .hasMessageContaining("set listen");
    }

    /** The test's own certificate is signed by nobody. */
    private static final class Trusting implements X509TrustManager {
        @Override
        public void checkClientTrusted(java.security.cert.X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(java.security.cert.X509Certificate[] chain, String type) {}

        @Override
        public java.security.cert.X509Certificate[] getAcceptedIssuers() {
            return new java.security.cert.X509Certificate[0];
        }
    }
}
