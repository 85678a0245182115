#pragma once

#include <string>

namespace c10 {
struct Device;
}

namespace rk {

/// The device of that name as LibTorch spells it: cpu, cuda, cuda:1, …. Throws Error(kUsage) for a
/// name that is none, Error(kUnavailable) that says what is there if that device is not.
c10::Device FindDevice(const std::string& name);

/// How many threads of the CPU one operation may use. At most once in a process, before a model is
/// loaded.
void UseThreads(int threads);

/// The same for a thread that was not the one that called UseThreads(), before it calls a model.
void UseThreadsHere();

}  // namespace rk
