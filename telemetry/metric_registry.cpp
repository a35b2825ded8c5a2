#include "telemetry/metric_registry.hpp"

#include "telemetry/metric_family.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace synapse::telemetry {

namespace {

[[noreturn]] void misuse(std::string_view name, const char* what) {
  std::fprintf(stderr, "metric %.*s: %s\n", static_cast<int>(name.size()), name.data(), what);
  std::abort();
}

bool is_name(std::string_view name, bool colons) {
  auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void describe(detail::family_description& family, std::string_view name, std::string_view help,
              metric_kind kind, metric_registry::label_names labels) {
  if (!is_name(name, true))
    misuse(name, "malformed name");
  for (auto label : labels)
    if (!is_name(label, false) || label == "le")
      misuse(name, "malformed or reserved label name");
  family.name = name;
  family.help = help;
  family.kind = kind;
  family.label_names.assign(labels.begin(), labels.end());
}

bool agrees(const detail::family_description& family, metric_kind kind,
            metric_registry::label_names labels) {
  return family.kind == kind && std::ranges::equal(family.label_names, labels);
}

detail::histogram_layout make_layout(std::string_view name,
                                     const std::vector<std::chrono::nanoseconds>& bounds) {
  detail::histogram_layout layout;
  for (auto bound : bounds)
    layout.bounds.push_back(bound.count());
  if (bounds.empty() || bounds.size() > 100 || layout.bounds.front() <= 0 ||
      std::ranges::adjacent_find(layout.bounds, std::greater_equal{}) != layout.bounds.end())
    misuse(name, "bucket bounds must be positive, ascending and at most 100");
  layout.count = static_cast<unsigned>(bounds.size());
  std::array<unsigned, 65> of_width{};
  for (auto bound : layout.bounds)
    ++of_width[static_cast<unsigned>(std::bit_width(std::uint64_t(bound)))];
  for (unsigned width = 1; width <= 64; ++width)
    layout.first[width] = static_cast<std::uint8_t>(layout.first[width - 1] + of_width[width - 1]);
  layout.probes = *std::ranges::max_element(of_width);
  layout.bounds.insert(layout.bounds.end(), layout.probes,
                       std::numeric_limits<std::int64_t>::max());
  return layout;
}

} // namespace

/// Room for `slab_words` words in every shard. Shard by shard, so that no cache line holds words of
/// two threads and a thread's words lie close together.
struct metric_registry::slab {
  explicit slab(unsigned shards) : words(std::size_t(shards + 1) * detail::slab_words) {
    storage = static_cast<detail::cell*>(
        ::operator new (words * sizeof(detail::cell), std::align_val_t{64}));
    std::uninitialized_value_construct_n(storage, words);
  }
  slab(const slab&) = delete;
  slab& operator=(const slab&) = delete;
  ~slab() { ::operator delete (storage, std::align_val_t{64}); }

  std::size_t words;
  std::size_t used = 0; ///< of slab_words
  detail::cell* storage;
};

metric_registry::metric_registry(unsigned shards) : shards_(shards) {
  dropped_children_ =
      counters("synapse_metrics_dropped_children_total",
               "Label combinations that were refused because their metric had too many.")
          .with({});
}

metric_registry::~metric_registry() = default;

family<counter> metric_registry::counters(std::string_view name, std::string_view help,
                                          label_names labels, std::size_t max_children) {
  std::lock_guard lock(mutex_);
  return {*this, declare(name, help, metric_kind::counter, labels, max_children)};
}

family<gauge> metric_registry::gauges(std::string_view name, std::string_view help,
                                      label_names labels, std::size_t max_children) {
  std::lock_guard lock(mutex_);
  return {*this, declare(name, help, metric_kind::gauge, labels, max_children)};
}

family<histogram> metric_registry::histograms(std::string_view name, std::string_view help,
                                              const std::vector<std::chrono::nanoseconds>& bounds,
                                              label_names labels, std::size_t max_children) {
  auto layout = make_layout(name, bounds);
  std::lock_guard lock(mutex_);
  auto& state = declare(name, help, metric_kind::histogram, labels, max_children);
  if (state.le_texts.empty()) {
    for (unsigned i = 0; i < layout.count; ++i)
      detail::append_seconds(state.le_texts.emplace_back(), std::uint64_t(layout.bounds[i]));
    state.le_texts.emplace_back("+Inf");
    state.layout = std::move(layout);
  } else if (state.layout.bounds != layout.bounds) {
    misuse(name, "declared before with other buckets");
  }
  return {*this, state};
}

detail::family_state& metric_registry::declare(std::string_view name, std::string_view help,
                                               metric_kind kind, label_names labels,
                                               std::size_t max_children) {
  for (auto& known : families_) {
    if (known->name != name)
      continue;
    if (!agrees(*known, kind, labels))
      misuse(name, "declared before with another kind or other labels");
    return *known;
  }
  auto state = std::make_unique<detail::family_state>();
  describe(*state, name, help, kind, labels);
  state->max_children = max_children;
  return *families_.emplace_back(std::move(state));
}

detail::cell_block metric_registry::allocate(std::size_t words) {
  if (slabs_.empty() || slabs_.back()->used + words > detail::slab_words)
    slabs_.push_back(std::make_unique<slab>(shards_));
  auto& last = *slabs_.back();
  detail::cell_block block(last.storage + last.used, shards_);
  last.used += words;
  return block;
}

const void* metric_registry::child(detail::family_state& state,
                                   std::initializer_list<std::string_view> values) {
  if (values.size() != state.label_names.size())
    misuse(state.name, "wrong number of label values");
  auto labels = detail::label_text(state.label_names, values);
  std::lock_guard lock(mutex_);
  auto found = state.by_labels.find(labels);
  if (found == state.by_labels.end() && state.children.size() >= state.max_children) {
    dropped_children_.increment();
    labels.clear();
    for (const auto& name : state.label_names)
      labels.append(labels.empty() ? "" : ",").append(name).append("=\"other\"");
    found = state.by_labels.find(labels);
  }
  if (found == state.by_labels.end()) {
    auto& made = state.children.emplace_back();
    made.labels = labels;
    switch (state.kind) {
    case metric_kind::counter:
      made.metric = counter(allocate(1));
      break;
    case metric_kind::gauge:
      made.metric = gauge(allocate(1));
      break;
    case metric_kind::histogram:
      made.metric = histogram(allocate(state.layout.count + 2), state.layout);
      break;
    }
    found = state.by_labels.emplace(std::move(labels), &made).first;
  }
  return std::visit([](const auto& metric) -> const void* { return &metric; },
                    found->second->metric);
}

template <class Metric>
const Metric& family<Metric>::with(std::initializer_list<std::string_view> label_values) const {
  // The family was declared with this type of metric, so its children hold it.
  return *static_cast<const Metric*>(registry_->child(*state_, label_values));
}

template class family<counter>;
template class family<gauge>;
template class family<histogram>;

callback_registration metric_registry::callback(std::string_view name, std::string_view help,
                                                metric_kind kind, label_names labels,
                                                collector collect, std::size_t max_samples) {
  if (kind == metric_kind::histogram)
    misuse(name, "a callback cannot be a histogram");
  std::lock_guard lock(callback_mutex_);
  auto known = std::ranges::find(callbacks_, name, [](const auto& f) { return f->name; });
  if (known == callbacks_.end()) {
    auto made = std::make_unique<detail::callback_family>();
    describe(*made, name, help, kind, labels);
    made->max_samples = max_samples;
    callbacks_.push_back(std::move(made));
    known = std::prev(callbacks_.end());
  } else if (!agrees(**known, kind, labels)) {
    misuse(name, "declared before with another kind or other labels");
  }
  auto id = next_callback_++;
  (*known)->collectors.emplace_back(id, std::move(collect));
  return {this, id};
}

void metric_registry::unregister(std::uint64_t id) {
  std::lock_guard lock(callback_mutex_);
  for (auto& family : callbacks_)
    std::erase_if(family->collectors, [&](const auto& entry) { return entry.first == id; });
}

callback_registration::callback_registration(callback_registration&& other) noexcept
    : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}

callback_registration& callback_registration::operator=(callback_registration&& other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(id_, other.id_);
  return *this;
}

callback_registration::~callback_registration() {
  if (registry_)
    registry_->unregister(id_);
}

void metric_registry::render(std::string& out) const {
  struct snapshot {
    const detail::family_state* family;
    std::vector<const detail::child_state*> children;
  };
  std::vector<snapshot> snapshots;
  {
    // Text is made without the lock, so that a thread which needs a new child never waits for it.
    std::lock_guard lock(mutex_);
    for (const auto& family : families_) {
      auto& one = snapshots.emplace_back(snapshot{family.get(), {}});
      for (const auto& child : family->children)
        one.children.push_back(&child);
    }
  }
  for (const auto& [family, children] : snapshots)
    detail::append_family(out, *family, children);
  std::lock_guard lock(callback_mutex_);
  for (const auto& family : callbacks_) {
    std::size_t samples = 0;
    sample_writer write = [&](std::initializer_list<std::string_view> values, double value) {
      if (values.size() != family->label_names.size())
        misuse(family->name, "wrong number of label values");
      if (samples == family->max_samples)
        return dropped_children_.increment();
      if (samples++ == 0)
        detail::append_header(out, *family);
      detail::append_sample(out, *family, detail::label_text(family->label_names, values), value);
    };
    for (const auto& [id, collect] : family->collectors)
      collect(write);
  }
}

} // namespace synapse::telemetry
