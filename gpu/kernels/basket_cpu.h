// out[chunks][SUMS]
extern "C" void basket_sums(const Basket *task, unsigned threads, double *out)
{
    all_sums(task->paths, threads, [&](Word path, unsigned high) {
        return sample(*task, path, high);
    }, out);
}

// out[paths][2]: value and control of each sample.
extern "C" void basket_paths(const Basket *task, float *out)
{
    all_paths(task->paths, [&](Word path, unsigned high) { return sample(*task, path, high); }, out);
}
