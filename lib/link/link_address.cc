#include "lib/link/link_address.h"

#include "lib/link/tcp_address.h"

namespace rk {

LinkAddress::LinkAddress(std::string address, std::shared_ptr<const KeyFolder> its_keys)
    : text(std::move(address)), keys(std::move(its_keys)) {
  auto tcp = ParseTcpAddress(text);
  if (!tcp) return;
  link = std::exchange(tcp->link, {});
  text = tcp->text();
}

}  // namespace rk
