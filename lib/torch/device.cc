#include "lib/torch/device.h"

#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/Device.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lib/base/error.h"

namespace rk {
namespace {

// How many of its kind there are. LibTorch's libraries for other devices than the CPU register what
// this asks when they are loaded.
int CountOf(c10::DeviceType type) {
  if (type == c10::kCPU) return 1;
  if (type == c10::kMeta || !c10::impl::hasDeviceGuardImpl(type)) return 0;
  return c10::impl::getDeviceGuardImpl(type)->deviceCount();
}

std::vector<std::string> DevicesThere() {
  std::vector<std::string> names = {"cpu"};
  for (int i = 0; i < c10::COMPILE_TIME_MAX_DEVICE_TYPES; ++i) {
    const auto type = static_cast<c10::DeviceType>(i);
    const int count = type == c10::kCPU ? 0 : CountOf(type);
    for (int index = 0; index < count; ++index) {
      names.push_back(c10::Device(type, static_cast<c10::DeviceIndex>(index)).str());
    }
  }
  return names;
}

c10::Device ParseDevice(const std::string& name) {
  try {
    return c10::Device(name);
  } catch (const c10::Error&) {
    throw Error(ErrorKind::kUsage,
                fmt::format("\"{}\" is not a device: write cpu, cuda or cuda:N", name));
  }
}

}  // namespace

c10::Device FindDevice(const std::string& name) {
  const c10::Device device = ParseDevice(name);
  const int index = device.has_index() ? device.index() : 0;
  if (index >= CountOf(device.type())) {
    throw Error(
        ErrorKind::kUnavailable,
        fmt::format("device {} is not available; available: {} (a GPU needs its driver and a "
                    "LibTorch built for it)",
                    name, fmt::join(DevicesThere(), ", ")));
  }
  return device;
}

void UseThreads(int threads) {
  at::set_num_threads(threads);
  at::set_num_interop_threads(1);
}

// OpenMP's number is each thread's own.
void UseThreadsHere() { at::init_num_threads(); }

}  // namespace rk
