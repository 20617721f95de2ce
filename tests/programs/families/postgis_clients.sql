-- PostGIS, four connections at once, with parallel workers, and failures inside one transaction.
select round(sum(st_area(st_intersection(st_buffer(a.geom,40),st_buffer(b.geom,40))))::numeric,3) from areas a join areas b on st_dwithin(a.geom,b.geom,60) where a.id<200;
explain (costs off) select count(*) from areas where st_area(st_buffer(geom,3))>10;
select count(*), round(sum(st_area(st_buffer(st_transform(geom,3857),3)))::numeric,3) from areas where st_area(st_buffer(geom,3))>10;
select md5(string_agg(st_asgdalraster(st_transform(r,4326),'GTiff'),''::bytea order by id)) from rasters;
set max_parallel_workers_per_gather=0;
do $$ begin for i in 1..100 loop perform st_isvalid(st_transform(geom, 3035)) from areas where id=i; begin perform st_transform(geom, 999999) from areas where id=i; exception when others then null; end; end loop; end $$;
