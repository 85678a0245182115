#include "lib/run/pipeline.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "lib/base/error.h"
#include "lib/run/pipeline_file.h"
#include "lib/run/resolve.h"
#include "tests/unit/run/fake_tools.h"

namespace rk {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kRead = "[read]\nexec = 'rk-read -t events -G rec'\n";
constexpr const char* kWrite = "[write]\nexec = 'rk-write -t out'\n";

std::optional<std::string> Variable(const std::string& name) {
  return name == "BROKERS" ? std::optional<std::string>("one:9092,two:9092") : std::nullopt;
}

// A file credit.toml in a directory of its own.
class File {
 public:
  const std::string& directory() const { return directory_; }
  const std::string& path() const { return path_; }
  explicit File(const std::string& text) {
    char name[] = "/tmp/rk-pipeline-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/credit.toml";
    std::ofstream(path_) << text;
  }
  ~File() {
    unlink(path_.c_str());
    rmdir(directory_.c_str());
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Pipeline Read() const { return ResolvePipeline(ReadPipelineFile(path_, Variable), FakeTools); }
  // What is said of it, from the file's name on.
  std::string Refusal() const {
    try {
      Read();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::kConfiguration);
      const std::string text = error.what();
      REQUIRE(text.starts_with(path_));
      return text.substr(directory_.size() + 1);
    }
    FAIL("it is taken");
    return "";
  }

 private:
  std::string directory_;
  std::string path_;
};

std::string RefusalOf(const std::string& infer) { return File(kRead + infer + kWrite).Refusal(); }

StageSpec Infer(const std::string& keys) {
  return File(std::string(kRead) + "[infer]\nexec = 'rk-infer -m m.pt'\n" + keys + kWrite)
      .Read()
      .stages.at(1);
}

TEST_CASE("a file's sections are the stages in their order, and defaults fill what is not there") {
  const Pipeline pipeline =
      File(
          "[run]\ncpus = 6\n[read]\nexec = \"rk-read -b ${BROKERS} -t events -G rec\"\n"
          "[zebra]\nexec = 'rk-infer -m a.pt --threads 2'\nmax = 10\n"
          "[ape]\nexec = 'rk-map --stamp'\n[write]\nexec = 'rk-write -t out'\nmax = 5\n")
          .Read();
  CHECK(pipeline.name == "credit");
  CHECK(pipeline.cpus == 6);
  REQUIRE(pipeline.stages.size() == 4);
  const StageSpec& read = pipeline.stages[0];
  CHECK(read.argv == Words{"rk-read", "-b", "one:9092,two:9092", "-t", "events", "-G", "rec"});
  CHECK_FALSE(read.parallel());
  const StageSpec& model = pipeline.stages[1];
  CHECK(model.name == "zebra");
  CHECK(model.tool() == "rk-infer");
  CHECK(model.replicas == 1);
  CHECK(model.min == 1);
  CHECK(model.max == 10);
  CHECK(model.scale_up_above == 200);
  CHECK(model.scale_down_below == 20);
  CHECK(model.cpus == 2);
  CHECK(pipeline.stages[2].name == "ape");
  CHECK(pipeline.stages[2].cpus == 0);
  CHECK(pipeline.stages[3].scale_up_above == 100);
  CHECK(pipeline.stages[3].scale_down_below == 10);
}

TEST_CASE("replicas without min and max are a fixed number") {
  const StageSpec fixed = Infer("replicas = 3\n");
  CHECK(fixed.min == 3);
  CHECK(fixed.max == 3);
  const StageSpec scaled = Infer("min = 2\nmax = 4\n");
  CHECK(scaled.replicas == 2);
}

TEST_CASE("there is one for each device, if nothing else is said") {
  const StageSpec each = Infer("devices = ['cpu', 'cuda:0']\n");
  CHECK(each.replicas == 2);
  CHECK(each.max == 2);
  CHECK(Infer("devices = ['cpu', 'cuda:0']\nreplicas = 3\n").max == 3);
  CHECK(Infer("devices = ['cpu', 'cuda:0']\nmax = 4\n").min == 1);
}

TEST_CASE("the file may name the pipeline, else it has the file's name") {
  CHECK(File(std::string("[run]\nname = 'nightly'\n") + kRead + kWrite).Read().name == "nightly");
  const Pipeline plain = File(std::string(kRead) + kWrite).Read();
  CHECK(plain.name == "credit");
  CHECK(plain.cpus == std::thread::hardware_concurrency());
}

TEST_CASE("a mistake in a file is named with file, line, key and what is allowed") {
  struct Case {
    const char* stage;  // from line 3 on
    const char* where;
    const char* what;
  };
  const auto bad = GENERATE(
      Case{"[infer]\nexec = 'rk-infer'\nmaximum = 3\n", "credit.toml:5: infer.maximum",
           "a stage accepts exec, per_partition, replicas, min, max"},
      Case{"[infer]\nreplicas = 3\n", "credit.toml:3: infer", "exec is missing"},
      Case{"[infer]\nexec = 'rk-infer'\nmin = 3\nmax = 2\n", "credit.toml:5: infer.min",
           "min cannot be more than max"},
      Case{"[infer]\nexec = 'rk-infer'\nreplicas = 5\nmax = 2\n", "credit.toml:5: infer.replicas",
           "is not between min (1) and max (2)"},
      Case{"[infer]\nexec = 'rk-infer'\nmax = 0\n", "credit.toml:5: infer.max", "from 1 to 1000"},
      Case{"[infer]\nexec = 'rk-infer'\nmax = -1\n", "credit.toml:5: infer.max", "a whole number"},
      Case{"[infer]\nexec = 'rk-infer'\nmax = '2'\n", "credit.toml:5: infer.max", "a whole number"},
      Case{"[infer]\nexec = 'rk-infer'\nmax = 2.5\n", "credit.toml:5: infer.max", "a whole number"},
      Case{"[infer]\nexec = 'rk-infer'\nscale_up_above = 5\n",
           "credit.toml:5: infer.scale_up_above", "it cannot be larger"},
      Case{"[infer]\nexec = 'rk-infer'\ncpus = 'all'\n", "credit.toml:5: infer.cpus", "a number"},
      Case{"[infer]\nexec = 'rk-infer'\ndevices = 'cpu'\n", "credit.toml:5: infer.devices",
           "a list of devices"},
      Case{"[infer]\nexec = 'rk-infer --device cpu'\ndevices = ['cpu']\n",
           "credit.toml:4: infer.exec", "leave one of the two"},
      Case{"[map]\nexec = 'rk-map --stamp'\ndevices = ['cpu']\n", "credit.toml:5: map.devices",
           "only rk-infer"},
      Case{"[infer]\nexec = 'rk-infer'\nper_partition = true\n",
           "credit.toml:5: infer.per_partition", "only rk-read"},
      Case{"[infer]\nexec = 3\n", "credit.toml:4: infer.exec", "a string"},
      Case{"[infer]\nexec = \"rk-infer -m ${MODEL}\"\n", "credit.toml:4: infer.exec",
           "variable MODEL is not set"},
      Case{"[infer]\nexec = 'rk-infer | rk-map'\n", "credit.toml:4: infer.exec", "one command"},
      Case{"[infer]\nexec = 'rk-infer > log'\n", "credit.toml:4: infer.exec", "shell syntax"},
      Case{"[infer]\nexec = 'rk-infer --in ipc:///a'\n", "credit.toml:4: infer.exec",
           "--in is set by rk-run: leave it out"},
      Case{"[infer]\nexec = 'rk-infer --out=ipc:///a'\n", "credit.toml:4: infer.exec",
           "--out is set by rk-run: leave it out"},
      Case{"[infer]\nexec = 'python3 score.py'\n", "credit.toml:4: infer.exec",
           "python3 is not a stage: rk-read, rk-map, rk-infer, rk-write are"},
      Case{"[balance]\nexec = 'rk-balance'\n", "credit.toml:4: balance.exec",
           "rk-run adds each rk-balance"},
      Case{"[Infer]\nexec = 'rk-infer'\n", "credit.toml:3: Infer", "a-z, 0-9"},
      Case{"[more]\nexec = 'rk-read -t a'\n", "credit.toml", "rk-read must come first"},
      Case{"[more]\nexec = 'rk-write -t a'\n", "credit.toml", "rk-write last"},
      Case{"name = 3\n", "credit.toml:3: read.name", "unknown key"},
      Case{"[run]\nname = 3\n", "credit.toml:4: run.name", "a string"},
      Case{"[run]\nspeed = 3\n", "credit.toml:4: run.speed", "[run] accepts name, cpus"},
      Case{"[read]\nexec = 'rk-read'\n", "credit.toml:3", "read"},
      Case{"[infer]\nexec = 'rk-infer'\nmax = 2\nmax = 3\n", "credit.toml:6", "max"},
      Case{"[infer]\nexec = 'rk-infer'\nmax = four\n", "credit.toml:5: max",
           "its value is not TOML: a number stands alone"},
      Case{"[infer]\nexec = rk-infer\n", "credit.toml:4: exec", "and text in quotes"},
      Case{"[[infer]]\nexec = 'rk-infer'\n", "credit.toml:3: infer",
           "a section for each stage, such as [infer], and [run]"},
      Case{"[infer\n", "credit.toml:3", ""});
  INFO(bad.stage);
  const std::string refusal = RefusalOf(bad.stage);
  INFO(refusal);
  CHECK(refusal.starts_with(bad.where));
  CHECK_THAT(refusal, Catch::Contains(bad.what));
}

TEST_CASE("a file that has no sections, or one stage only, is refused") {
  CHECK_THAT(File("").Refusal(), Catch::Contains("at least two stages"));
  CHECK_THAT(File(kRead).Refusal(), Catch::Contains("at least two stages"));
  CHECK_THAT(File("exec = 'rk-read'\n").Refusal(), Catch::StartsWith("credit.toml:1: exec") &&
                                                       Catch::Contains("a section for each stage"));
}

TEST_CASE("a command can name what lies beside the file") {
  const File file(std::string(kRead) +
                  "[map]\nexec = 'rk-map --exec \"${RK_PIPELINE_DIR}/f ${BROKERS}\"'\n" + kWrite);
  CHECK(file.Read().stages.at(1).argv ==
        Words{"rk-map", "--exec", file.directory() + "/f one:9092,two:9092"});
}

TEST_CASE("a file tells its name whatever its stages need") {
  const File plain("[read]\nexec = 'rk-read -b ${NOBODY_SET_THIS}'\nmistaken = 1\n");
  CHECK(PipelineNameIn(plain.path()) == "credit");
  const File named("[run]\nname = 'other'\n[read]\n");
  CHECK(PipelineNameIn(named.path()) == "other");
  const File broken("[read\n");
  CHECK_THROWS_AS(PipelineNameIn(broken.path()), Error);
}

TEST_CASE("a file that is not there is missing") {
  for (const char* path : {"/tmp/no/such.toml", "/tmp"}) {
    try {
      ReadPipelineFile(path, Variable);
      FAIL("it is taken");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::kMissing);
      CHECK_THAT(error.what(), Catch::StartsWith(path));
    }
  }
}

TEST_CASE("secrets do not belong into a file, however they are written") {
  for (const char* option : {"-X sasl.password=s3cret", "-Xsasl.password=s3cret",
                             "-X 'ssl.key.password=s3cret'", "-X sasl.oauthbearer.config=s3cret"}) {
    INFO(option);
    const std::string refusal =
        File(std::string("[read]\nexec = \"rk-read -t a ") + option + "\"\n" + kWrite).Refusal();
    CHECK_THAT(refusal, Catch::StartsWith("credit.toml:2: read.exec"));
    CHECK_THAT(refusal, Catch::Contains("pass that with -F"));
    CHECK_THAT(refusal, !Catch::Contains("s3cret"));
  }
}

TEST_CASE("readers are replicated by partition or by group, not scaled") {
  const auto refusal = [](const std::string& options, const std::string& keys) {
    return File("[read]\nexec = 'rk-read -t a " + options + "'\n" + keys + kWrite).Refusal();
  };
  CHECK_THAT(refusal("-G g", "max = 3\n"), Catch::StartsWith("credit.toml:3: read.max"));
  CHECK_THAT(refusal("", "replicas = 3\n"), Catch::Contains("without a group (-G)"));
  CHECK_THAT(refusal("-G g", "per_partition = true\nreplicas = 3\n"),
             Catch::StartsWith("credit.toml:4: read.replicas"));
  CHECK_THAT(refusal("-p 3", "per_partition = true\n"),
             Catch::Contains("-p and per_partition exclude"));
  CHECK_THAT(refusal("-G g", "per_partition = 1\n"), Catch::Contains("true or false"));
}

TEST_CASE("a line is a pipeline of stages that are named after their tools") {
  const Pipeline pipeline = ParsePipelineLine(
      "rk-read -b $BROKERS -t a | rk-infer -m 'my model.pt' | rk-infer -m b.pt | ./rk-write -t b",
      Variable);
  REQUIRE(pipeline.stages.size() == 4);
  CHECK(pipeline.stages[0].argv == Words{"rk-read", "-b", "one:9092,two:9092", "-t", "a"});
  CHECK(pipeline.stages[1].name == "infer");
  CHECK(pipeline.stages[1].argv == Words{"rk-infer", "-m", "my model.pt"});
  CHECK(pipeline.stages[2].name == "infer-2");
  CHECK(pipeline.stages[3].name == "write");
  CHECK(pipeline.stages[3].argv[0] == "./rk-write");
  CHECK(pipeline.name.starts_with("line-"));
  CHECK(pipeline.name == ParsePipelineLine("rk-read -b $BROKERS -t a | rk-infer -m 'my model.pt' "
                                           "| rk-infer -m b.pt | ./rk-write -t b",
                                           Variable)
                             .name);
}

TEST_CASE("the option --replicas says how many there are in the beginning") {
  const auto with = [](const std::string& keys, const std::string& text) {
    Pipeline pipeline =
        File(std::string(kRead) + "[infer]\nexec = 'rk-infer'\n" + keys + kWrite).Read();
    ApplyReplicas(pipeline, text);
    const StageSpec& stage = pipeline.stages[1];
    return std::vector<size_t>{stage.min, stage.replicas, stage.max};
  };
  CHECK(with("", "infer=4") == std::vector<size_t>{4, 4, 4});
  CHECK(with("replicas = 3\n", "infer=5") == std::vector<size_t>{5, 5, 5});
  CHECK(with("min = 2\nmax = 4\n", "infer=3") == std::vector<size_t>{2, 3, 4});
  CHECK(with("min = 2\nmax = 4\n", "infer=1") == std::vector<size_t>{1, 1, 4});
  CHECK(with("min = 2\nmax = 4\n", "infer=9") == std::vector<size_t>{2, 9, 9});
  for (const char* text : {"infer", "infer=", "infer=0", "infer=x", "infer=1001", "infer=-1"}) {
    CHECK_THROWS_WITH(with("", text), Catch::Contains("STAGE=N"));
  }
  CHECK_THROWS_WITH(with("", "model=2"), Catch::Contains("the stages are read, infer, write"));
}

// The line with so many readers, as rk-run takes it.
Pipeline Replicated(const std::string& reader, const std::string& writer = "rk-write -t out") {
  Pipeline pipeline = ParsePipelineLine(reader + " | " + writer, Variable);
  ApplyReplicas(pipeline, "read=2");
  return ResolvePipeline(std::move(pipeline), FakeTools);
}

TEST_CASE("several readers need a group, which the tool finds wherever it is named") {
  CHECK_NOTHROW(Replicated("rk-read -t a -eG g"));
  CHECK_NOTHROW(Replicated("rk-read -t a -F grouped.conf"));
  CHECK_THROWS_WITH(Replicated("rk-read -t a -F plain.conf"),
                    Catch::StartsWith("the pipeline line: readers without a group (-G)"));
  // The value of another option is none.
  CHECK_THROWS_WITH(Replicated("rk-read -t -Gg"), Catch::Contains("readers without a group"));
}

TEST_CASE("standard input is one reader's") {
  CHECK_THROWS_WITH(Replicated("rk-read --from -"), Catch::Contains("--from - is the standard"));
  CHECK_THROWS_WITH(Replicated("rk-read --from=/dev/stdin"), Catch::Contains("--from - is the"));
  const Pipeline pipeline =
      ResolvePipeline(ParsePipelineLine("rk-read --from - | rk-write --to -", Variable), FakeTools);
  CHECK(pipeline.stages[0].reads_stdin());
  CHECK_FALSE(pipeline.stages[1].reads_stdin());
}

TEST_CASE("frames that the next stage does not accept are refused") {
  const std::string reader = "rk-read -t a -G g";
  CHECK_THROWS_WITH(Replicated(reader, "rk-write -t out --max-frame 1M"),
                    Catch::Contains("write takes frames of up to 1048576 bytes (--max-frame), and "
                                    "read sends up to 67108864"));
  CHECK_NOTHROW(Replicated(reader + " --max-frame 1M", "rk-write -t out --max-frame 1M"));
  CHECK_NOTHROW(Replicated(reader + " --max-frame 1M"));
}

TEST_CASE("a topic that a pipeline writes and reads again is refused, by name or by pattern") {
  const auto [reader, writer, what] = GENERATE(table<const char*, const char*, const char*>({
      {"rk-read -G g -b b:1 -t a -t out", "rk-write -b b:1 -t out", "'out' reads topic out"},
      {"rk-read -G g -b b:1 -t ^o.t", "rk-write -b b:1 -t out", "'^o.t' reads topic out"},
      {"rk-read -G g -b b:1 -t '^.*[.]dlq$'", "rk-write -b b:1 -t out", "reads topic out.dlq"},
  }));
  CHECK_THROWS_WITH(Replicated(reader, writer), Catch::Contains(what));
}

TEST_CASE("a topic of the same name on other brokers is another topic, and others do not match") {
  CHECK_NOTHROW(Replicated("rk-read -G g -b here:1 -t out", "rk-write -b there:1 -t out"));
  CHECK_NOTHROW(Replicated("rk-read -G g -b b:1 -t '^out$' -t in", "rk-write -b b:1 -t output"));
}

TEST_CASE("exactly once is the writer's to say, for both ends") {
  const std::string write = std::string(kWrite) + "exactly_once = true\n";
  const Pipeline pipeline = File(kRead + write).Read();
  CHECK(pipeline.stages.front().exactly_once);
  CHECK(pipeline.stages.back().exactly_once);
  CHECK_FALSE(File(std::string(kRead) + kWrite).Read().stages.front().exactly_once);
  CHECK(Replicated("rk-read -t a -G g", "rk-write -t out --exactly-once").stages[0].exactly_once);
}

TEST_CASE("exactly once needs a group that hands out the partitions, and ids of ours") {
  const auto [reader, writer, what] = GENERATE(table<const char*, const char*, const char*>({
      {"rk-read -t a -G g --exactly-once", "rk-write -t out", "is for both ends"},
      {"rk-read -t a -G g -p 0", "rk-write -t out --exactly-once", "leave out -p"},
      {"rk-read -t a -G g", "rk-write -t out --exactly-once --transactional-id w",
       "--transactional-id is set by rk-run"},
  }));
  CHECK_THROWS_WITH(Replicated(reader, writer), Catch::Contains(what));
  CHECK(File("[read]\nexec = 'rk-read -t a'\n" + std::string(kWrite) + "exactly_once = true\n")
            .Refusal() ==
        "credit.toml:2: read.exec: exactly once needs a consumer group: -G GROUP");
  CHECK(File(std::string(kRead) + "exactly_once = true\n" + kWrite).Refusal() ==
        "credit.toml:3: read.exactly_once: only rk-write can have it");
}

}  // namespace
}  // namespace rk
