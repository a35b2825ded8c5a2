#include "http/client/patience.hpp"

#include <utility>

namespace synapse::client {

void canceler::cancel() {
  canceled_ = true;
  // A fetch that ends takes its wake_point out of the list: no iterator would stay valid.
  for (const auto& wake : std::exchange(waiting_, {}))
    wake->notify();
}

void patience::deadline::on_timer() {
  passed = true;
  auto waiter = wake; // who is woken may end this
  waiter->notify();
}

patience::patience(net::io_thread& io, net::time_ns due, canceler_ptr cancel)
    : io_(io), cancel_(std::move(cancel)) {
  if (cancel_)
    cancel_->waiting_.push_back(timer_.wake);
  put_off(due);
}

patience::~patience() {
  if (cancel_)
    std::erase(cancel_->waiting_, timer_.wake);
}

} // namespace synapse::client
