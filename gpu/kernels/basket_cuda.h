// out[chunks][SUMS]
extern "C" __global__ void basket_sums(const Basket *task, double *out)
{
    all_sums(task->paths, [&](Word path, unsigned high) { return sample(*task, path, high); }, out);
}

// out[paths][2]: value and control of each sample.
extern "C" __global__ void basket_paths(const Basket *task, float *out)
{
    one_path(task->paths, [&](Word path, unsigned high) { return sample(*task, path, high); }, out);
}
