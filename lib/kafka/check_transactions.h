#pragma once

#include <string>

#include "lib/base/log.h"
#include "lib/kafka/config.h"

namespace rk {

/// Asks the brokers whether transactions may be run under `id`, without disturbing a writer that
/// runs them now. Throws Error(kNotAuthorised) that names the id, kConfiguration for brokers
/// without transactions or that do not grant transaction.timeout.ms, kUnavailable where nobody
/// coordinates them. Warns of brokers that do not verify transactions (KIP-890), if they tell.
void CheckTransactions(const ClientSettings& settings, const std::string& id, const Log& log);

}  // namespace rk
