#pragma once

#include <string>

#include "lib/run/pipeline.h"

namespace rk {

/// Reads a pipeline file (rk-run(1)): TOML, a section for each stage in their order, and `[run]`
/// for the whole. The pipeline's name is the file's, without its ending, unless [run] has one. The
/// variable RK_PIPELINE_DIR is the folder that the file is in, from the root.
/// If `only` names a stage, variables that the others' commands name need not be set.
/// Throws Error(kMissing) if there is no such file, Error(kIo), and Error(kConfiguration) that says
/// file, line, key, what is wrong and what is allowed.
Pipeline ReadPipelineFile(const std::string& path, const Variables& variables,
                          const std::string& only = "");

/// The name of the pipeline in a file. Of its stages nothing needs to be right, nor any variable
/// set. Throws as ReadPipelineFile() where it is no TOML, or the name is wrong.
std::string PipelineNameIn(const std::string& path);

}  // namespace rk
