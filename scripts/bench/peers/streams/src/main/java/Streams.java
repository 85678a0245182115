import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import sun.misc.Signal;

/**
 * The benchmark's cases with Kafka Streams: reads JSON from a topic, adds fields, writes to another.
 * Runs until SIGTERM, and then exits 0; 1 with a reason where it fails.
 */
public final class Streams {
  private static final String USAGE =
      "Streams --brokers B --case stamp|score16|image784 --in TOPIC --out TOPIC --group G"
          + " [--latency] [--exactly-once COMMIT_INTERVAL_MS] [--model FILE.onnx]";
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);

  private static Map<String, String> parse(String[] arguments) {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < arguments.length; ++i) {
      boolean flag = arguments[i].equals("--latency");
      if (!flag && i + 1 == arguments.length) throw new IllegalArgumentException(USAGE);
      options.put(arguments[i], flag ? "" : arguments[++i]);
    }
    List<String> needed = new ArrayList<>(List.of("--brokers", "--case", "--in", "--out", "--group"));
    if (!"stamp".equals(options.get("--case"))) needed.add("--model");
    if (!options.keySet().containsAll(needed)) throw new IllegalArgumentException(USAGE);
    return options;
  }

  private static void stamp(ObjectNode record) {
    record.put("processed_at", System.currentTimeMillis() / 1e3);
    record.put("status", "processed");
  }

  private static Supplier<JsonProcessor.Change> change(Map<String, String> options) throws Exception {
    if (options.get("--case").equals("stamp")) return () -> Streams::stamp;
    Model model = new Model(options.get("--model"));
    return model::scorer;
  }

  private static Topology topology(Map<String, String> options) throws Exception {
    Supplier<JsonProcessor.Change> change = change(options);
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(options.get("--in"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
        .processValues(() -> new JsonProcessor(change.get()))
        .to(options.get("--out"), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
    return builder.build();
  }

  /** At least once offsets are committed every 30 s, the default. */
  private static Properties settings(Map<String, String> options, Path stateFolder) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("--brokers"));
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("--group"));
    String interval = options.get("--exactly-once");
    settings.put(
        StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
        interval == null ? StreamsConfig.AT_LEAST_ONCE : StreamsConfig.EXACTLY_ONCE_V2);
    if (interval != null) settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, interval);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder.toString());
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), options.containsKey("--latency") ? 0 : 5);
    return settings;
  }

  /** Runs until a signal, or throws why it could not go on. */
  private static void run(Map<String, String> options, Path stateFolder) throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    for (String name : List.of("TERM", "INT")) Signal.handle(new Signal(name), signal -> end.countDown());
    KafkaStreams streams = new KafkaStreams(topology(options), settings(options, stateFolder));
    streams.setUncaughtExceptionHandler(
        error -> {
          failure.compareAndSet(null, error);
          end.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    end.await();
    boolean closed = streams.close(CLOSE_TIMEOUT);
    if (failure.get() != null) throw new Exception(failure.get());
    if (!closed) throw new Exception("it did not close in " + CLOSE_TIMEOUT.toSeconds() + " s");
  }

  private static void delete(Path folder) throws Exception {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }

  public static void main(String[] arguments) throws Exception {
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    // It warns, three times, of a default that only tables for all partitions have to do with.
    System.setProperty("org.slf4j.simpleLogger.log.org.apache.kafka.streams.StreamsConfig", "error");
    int status = 0;
    Path stateFolder = Files.createTempDirectory("streams-");
    try {
      run(parse(arguments), stateFolder);
    } catch (Exception error) {
      Throwable reason = error;
      while (reason.getCause() != null) reason = reason.getCause();
      System.err.println("Streams: error: " + reason);
      status = 1;
    } finally {
      delete(stateFolder);
    }
    System.exit(status);
  }
}
