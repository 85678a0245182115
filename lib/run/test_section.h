#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "lib/run/test_spec.h"

/// Inside lib/run only.
namespace rk {

/// The tests of the pipeline file at `path`, from the node of its sections [[test]]. Files of lines
/// are named from the folder that the file is in. Throws Error(kConfiguration) that says file,
/// line, key, what is wrong and what is allowed, Error(kMissing) for a file of lines that is not
/// there.
std::vector<TestSpec> ReadTestSections(const toml::node& sections, const std::string& path);

}  // namespace rk
