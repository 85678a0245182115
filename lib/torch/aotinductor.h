#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <c10/core/Device.h>

#include "lib/infer/backend.h"

/// Inside lib/torch only: rk_backend() is for the others.
namespace rk {

/// Loads an AOTInductor package onto a device. Throws Error(kBadData) if it is none, and
/// Error(kUnavailable) if it was compiled for another device, for a CPU that can more than this, or
/// for a C library that gives an executable stack, as glibc did before 2.41.
std::unique_ptr<Model> LoadAotInductor(const std::string& file, c10::Device device);

/// Which of the instruction sets that a package was compiled for (e.g. `AVX512 AVX512_VNNI`) are
/// not among the flags of a CPU (as in /proc/cpuinfo); empty if all are.
std::string MissingInstructions(std::string_view wanted, std::string_view cpu_flags);

}  // namespace rk
