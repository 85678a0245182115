import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/**
 * An ONNX model with one input f32[B,N] and one output f32[B] or f32[B,M], whose names are those of the
 * fields that it takes and gives. One session for all threads.
 */
final class Model {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final NodeInfo input;
  private final NodeInfo output;

  Model(String file) throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(1);
    options.setInterOpNumThreads(1);
    session = environment.createSession(file, options);
    input = session.getInputInfo().values().iterator().next();
    output = session.getOutputInfo().values().iterator().next();
  }

  /** One for each task: calls the model on one record, in buffers that are used again. */
  JsonProcessor.Change scorer() {
    try {
      return new Scorer();
    } catch (OrtException error) {
      throw new IllegalStateException(error);
    }
  }

  /** A tensor of one row and the memory that it lies in. */
  private final class Row {
    final long[] shape;
    final FloatBuffer numbers;
    final OnnxTensor tensor;

    Row(NodeInfo node) throws OrtException {
      shape = ((TensorInfo) node.getInfo()).getShape();
      shape[0] = 1;
      int bytes = Float.BYTES * (int) (shape.length == 1 ? 1 : shape[1]);
      numbers = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
      tensor = OnnxTensor.createTensor(environment, numbers, shape);
    }
  }

  private final class Scorer implements JsonProcessor.Change {
    final Row in = new Row(input);
    final Row out = new Row(output);
    final Map<String, OnnxTensor> inputs = Map.of(input.getName(), in.tensor);
    final Map<String, OnnxTensor> outputs = Map.of(output.getName(), out.tensor);

    Scorer() throws OrtException {}

    @Override
    public void apply(ObjectNode record) throws OrtException {
      JsonNode numbers = record.path(input.getName());
      int count = in.numbers.capacity();
      if (numbers.size() != count) {
        throw new IllegalArgumentException(input.getName() + " is no list of " + count + " numbers");
      }
      for (int i = 0; i < count; ++i) in.numbers.put(i, numbers.get(i).floatValue());
      session.run(inputs, outputs).close();
      if (out.shape.length == 1) {
        record.put(output.getName(), out.numbers.get(0));
      } else {
        ArrayNode scores = record.putArray(output.getName());
        for (int i = 0; i < out.numbers.capacity(); ++i) scores.add(out.numbers.get(i));
      }
    }

    @Override
    public void close() {
      in.tensor.close();
      out.tensor.close();
    }
  }
}
