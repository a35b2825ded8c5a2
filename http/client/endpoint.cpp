#include "http/client/endpoint.hpp"

#include <algorithm>

namespace synapse::client {

net::tcp::endpoint to_endpoint(const actors::backend_address& address) {
  if (address.v6) {
    net::asio::ip::address_v6::bytes_type bytes;
    std::copy(address.ip.begin(), address.ip.end(), bytes.begin());
    return {net::asio::ip::address_v6(bytes), address.port};
  }
  net::asio::ip::address_v4::bytes_type bytes;
  std::copy_n(address.ip.begin(), 4, bytes.begin());
  return {net::asio::ip::address_v4(bytes), address.port};
}

} // namespace synapse::client
